-- lowest version: 0.1.0
-- Statistics of the new indexes' expressions: without them, a plan may read the whole table.

analyze imports, ledger, batch_items, upload_holds;
