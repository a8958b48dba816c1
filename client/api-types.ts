/** Generated from the OpenAPI document by `npm run client`. Do not edit. */
export interface paths {
    readonly "/v1/session/codes": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Create a code for a link that signs in to the page as the sender, once and within 10 minutes
         * @description Create a code for a link that signs in to the page as the sender, once and within 10 minutes.
         */
        readonly post: operations["createSignInCode"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/session": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Show who sends this request, and when the session ends
         * @description Show who sends this request, and when the session ends.
         */
        readonly get: operations["getSession"];
        readonly put?: never;
        /**
         * Exchange a code for a session: a cookie, and a token that the page sends as X-Ecs-Import-Session
         * @description Exchange a code for a session: a cookie, and a token that the page sends as X-Ecs-Import-Session.
         */
        readonly post: operations["signIn"];
        /**
         * End the session of this browser
         * @description End the session of this browser.
         */
        readonly delete: operations["signOut"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/healthz": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Check that the process is alive
         * @description Check that the process is alive.
         */
        readonly get: operations["healthz"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/livez": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Check that the process is alive, as /healthz
         * @description Check that the process is alive, as /healthz.
         */
        readonly get: operations["livez"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/readyz": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Check that PostgreSQL, Temporal and a worker can be reached; shows the parts of a local stack
         * @description Check that PostgreSQL, Temporal and a worker can be reached; shows the parts of a local stack.
         */
        readonly get: operations["readyz"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/imports/waiting": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List the causes of imports in attention, the most frequent first
         * @description List the causes of imports in attention, the most frequent first.
         */
        readonly get: operations["listWaitingCauses"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/imports/resume": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Resume all imports that wait for the same cause
         * @description Resume all imports that wait for the same cause.
         */
        readonly post: operations["resumeImportsOfCause"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/imports": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List imports
         * @description Lists imports by any filters, which must all match, in any order. Follow `nextCursor` until it is null: a page may have fewer imports than its limit. Imports that are added meanwhile do not move the others. In the order of updates, an import that changes moves to the end where the latest ones are.
         */
        readonly get: operations["listImports"];
        readonly put?: never;
        /**
         * Start an import
         * @description Start an import.
         */
        readonly post: operations["startImport"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/imports/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Show an import
         * @description Show an import.
         */
        readonly get: operations["getImport"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/imports/{id}/report": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Report an import as Markdown, or as JSON if Accept requests it
         * @description Report an import as Markdown, or as JSON if Accept requests it.
         */
        readonly get: operations["getImportReport"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/imports/{id}/cancel": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Cancel an import that has not ended
         * @description Cancel an import that has not ended.
         */
        readonly post: operations["cancelImport"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/imports/{id}/resume": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Resume an import in attention after its cause is fixed
         * @description Resume an import in attention after its cause is fixed.
         */
        readonly post: operations["resumeImport"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/imports/{id}/retry": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Start a new import from the request of one that has ended, with changes
         * @description Start a new import from the request of one that has ended, with changes.
         */
        readonly post: operations["retryImport"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/imports/bulk": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Resume, cancel or retry up to 1,000 imports, or report what that would do
         * @description Without `apply`, nothing is changed: the answer lists the imports to which the action applies, and why it does not apply to the others. Each import is handled like a single one, so that one that fails does not affect the others. A repeated retry with the same changes returns the imports that the first one started.
         */
        readonly post: operations["changeImports"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/overview": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Show what needs action, what runs, what ended in each hour, and the health of queues and call budgets
         * @description Show what needs action, what runs, what ended in each hour, and the health of queues and call budgets.
         */
        readonly get: operations["getOverview"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/imports/{id}/plan": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Show what an import is going to do, as its preflight has decided
         * @description For a plan of a request, start an import with dryRun true and wait for its end. If preflight has refused the import, its error says why.
         */
        readonly get: operations["getImportPlan"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/settings": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Show the settings of this API process, without secrets
         * @description Show the settings of this API process, without secrets.
         */
        readonly get: operations["getSettings"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/batches": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List batches, newest first
         * @description List batches, newest first.
         */
        readonly get: operations["listBatches"];
        readonly put?: never;
        /**
         * Start the imports of a batch file; none start unless all items are valid
         * @description Start the imports of a batch file; none start unless all items are valid.
         */
        readonly post: operations["createBatch"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/batches/check": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Check a batch file as createBatch does, and start nothing
         * @description Check a batch file as createBatch does, and start nothing.
         */
        readonly post: operations["checkBatch"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/batches/{id}/series": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Show how many imports of a batch ended over time, and the causes of failures
         * @description Show how many imports of a batch ended over time, and the causes of failures.
         */
        readonly get: operations["getBatchSeries"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/batches/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Show a batch: counts, rate, causes of failures and stops
         * @description Show a batch: counts, rate, causes of failures and stops.
         */
        readonly get: operations["getBatch"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/batches/{id}/items": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List the items of a batch in the order of the file
         * @description List the items of a batch in the order of the file.
         */
        readonly get: operations["listBatchItems"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/batches/{id}/report": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Report the result of every item as Markdown, JSON or CSV
         * @description Report the result of every item as Markdown, JSON or CSV.
         */
        readonly get: operations["getBatchReport"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/batches/{id}/pause": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Pause the batch: no new imports start, running ones continue
         * @description Pause the batch: no new imports start, running ones continue.
         */
        readonly post: operations["pauseBatch"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/batches/{id}/resume": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Resume the batch, or its imports that stopped for one cause
         * @description Resume the batch, or its imports that stopped for one cause.
         */
        readonly post: operations["resumeBatch"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/batches/{id}/cancel": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Cancel the batch: no new imports start, running ones are cancelled or finish
         * @description Cancel the batch: no new imports start, running ones are cancelled or finish.
         */
        readonly post: operations["cancelBatch"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/batches/{id}/retry": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Retry the failed items or some of them, with changes, also of a batch that has ended
         * @description Retry the failed items or some of them, with changes, also of a batch that has ended.
         */
        readonly post: operations["retryBatch"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/batches/{id}/policy": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Change the policy of a running batch; absent fields keep their values
         * @description Change the policy of a running batch; absent fields keep their values.
         */
        readonly post: operations["changeBatchPolicy"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/imports/{id}/events": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Stream the events of an import (server-sent events); the stream ends with the import
         * @description Streams the events of an import from its start, or after Last-Event-ID, and ends with the import. A heartbeat comes every 15 s. A stream whose reader does not take events for 30 s is closed; connect again with Last-Event-ID.
         */
        readonly get: operations["streamImportEvents"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/imports/{id}/files": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List the files of an import: the log and the last screen of its boot check
         * @description List the files of an import: the log and the last screen of its boot check.
         */
        readonly get: operations["listImportFiles"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/imports/{id}/files/{name}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Get a file of an import
         * @description Get a file of an import.
         */
        readonly get: operations["getImportFile"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/imports/{id}/hold": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Hold an import: it is not deleted until it is released
         * @description Hold an import: it is not deleted until it is released.
         */
        readonly post: operations["holdImport"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/imports/{id}/release": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Release the hold of an import
         * @description Release the hold of an import.
         */
        readonly post: operations["releaseImport"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/batches/{id}/hold": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Hold a batch and its imports: it is not deleted until it is released
         * @description Hold a batch and its imports: it is not deleted until it is released.
         */
        readonly post: operations["holdBatch"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/batches/{id}/release": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Release the hold of a batch
         * @description Release the hold of a batch.
         */
        readonly post: operations["releaseBatch"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/holds": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List the holds
         * @description List the holds.
         */
        readonly get: operations["listHolds"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/inspections": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List inspections, newest first
         * @description List inspections, newest first.
         */
        readonly get: operations["listInspections"];
        readonly put?: never;
        /**
         * Inspect an image on a worker’s disk: whether it can boot on ECS, and why not
         * @description Inspect an image on a worker’s disk: whether it can boot on ECS, and why not.
         */
        readonly post: operations["inspectImage"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/inspections/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Show the result of an inspection, as it was at that time
         * @description Show the result of an inspection, as it was at that time.
         */
        readonly get: operations["getInspection"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/keys": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List the API keys by prefix, also those that have expired or were revoked
         * @description List the API keys by prefix, also those that have expired or were revoked.
         */
        readonly get: operations["listKeys"];
        readonly put?: never;
        /**
         * Create an API key; it is shown once
         * @description Create an API key; it is shown once.
         */
        readonly post: operations["createKey"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/keys/{id}/rotate": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Give a key a new secret, which is shown once; the earlier one stays valid for a while
         * @description Give a key a new secret, which is shown once; the earlier one stays valid for a while.
         */
        readonly post: operations["rotateKey"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/keys/{id}/revoke": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Revoke a key: requests and event streams with it end within seconds
         * @description Revoke a key: requests and event streams with it end within seconds.
         */
        readonly post: operations["revokeKey"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/audit": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List who did what, newest first; all matching entries as JSON lines if Accept requests them
         * @description List who did what, newest first; all matching entries as JSON lines if Accept requests them.
         */
        readonly get: operations["listAudit"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/orphans": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Find resources of imports in the cloud that no ledger contains, and delete them if requested
         * @description Find resources of imports in the cloud that no ledger contains, and delete them if requested.
         */
        readonly post: operations["sweepOrphans"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/reconcile": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * List imports and batches whose workflow is not found in Temporal, and end them if requested
         * @description List imports and batches whose workflow is not found in Temporal, and end them if requested.
         */
        readonly post: operations["reconcile"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/webhooks": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List the webhooks; an admin sees those of all users
         * @description List the webhooks; an admin sees those of all users.
         */
        readonly get: operations["listWebhooks"];
        readonly put?: never;
        /**
         * Create a webhook: it gets the events of imports and batches that its creator may see
         * @description Create a webhook: it gets the events of imports and batches that its creator may see.
         */
        readonly post: operations["createWebhook"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/webhooks/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Show a webhook
         * @description Show a webhook.
         */
        readonly get: operations["showWebhook"];
        readonly put?: never;
        readonly post?: never;
        /**
         * Delete a webhook with its deliveries
         * @description Delete a webhook with its deliveries.
         */
        readonly delete: operations["deleteWebhook"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/webhooks/{id}/test": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Send a delivery of type webhook.test
         * @description Send a delivery of type webhook.test.
         */
        readonly post: operations["testWebhook"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/webhooks/{id}/rotate": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Create a new secret; the previous one also signs for some time
         * @description Create a new secret; the previous one also signs for some time.
         */
        readonly post: operations["rotateWebhookSecret"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/webhooks/{id}/enable": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Enable a webhook that was disabled
         * @description Enable a webhook that was disabled.
         */
        readonly post: operations["enableWebhook"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/webhooks/{id}/deliveries": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List the deliveries of a webhook, the newest first
         * @description List the deliveries of a webhook, the newest first.
         */
        readonly get: operations["listWebhookDeliveries"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/webhooks/{id}/deliveries/{name}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Show a delivery
         * @description Show a delivery.
         */
        readonly get: operations["showWebhookDelivery"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/webhooks/{id}/redeliver": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Attempt a delivery again, or all dead deliveries
         * @description Attempt a delivery again, or all dead deliveries.
         */
        readonly post: operations["redeliverWebhook"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/codec/decode": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Decrypt payloads for the UI and the command line of Temporal
         * @description The codec endpoint of Temporal is this path without `/decode`. A payload that cannot be decrypted is returned as it is.
         */
        readonly post: operations["decodePayloads"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/openapi.json": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * This document
         * @description This document.
         */
        readonly get: operations["openApiDocument"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/metrics": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Prometheus metrics
         * @description Prometheus metrics.
         */
        readonly get: operations["metrics"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        readonly ImportRequest: {
            /**
             * @description Name of the account that the import works in, from the operator’s configuration; absent: the account of the worker’s own credentials
             * @example production
             */
            readonly account?: string;
            /**
             * @description Region ID
             * @example cn-hangzhou
             */
            readonly region: string;
            /**
             * @description A letter or Chinese character, then letters, digits and . : _ -; not starting with aliyun or acs:; unique in the region
             * @example web-01
             */
            readonly imageName: string;
            /** @description Not starting with http:// or https:// */
            readonly description?: string;
            /**
             * @description Absent: detected from the image, else x86_64
             * @enum {string}
             */
            readonly architecture?: "i386" | "x86_64" | "arm64";
            /**
             * @description Absent: derived from the platform or detected from the image, else linux
             * @enum {string}
             */
            readonly osType?: "windows" | "linux";
            /**
             * @description Absent: detected from the image, else Others Linux
             * @enum {string}
             */
            readonly platform?: "Aliyun" | "Anolis" | "CentOS" | "Ubuntu" | "CoreOS" | "SUSE" | "Debian" | "OpenSUSE" | "FreeBSD" | "RedHat" | "Kylin" | "UOS" | "Fedora" | "Fedora CoreOS" | "CentOS Stream" | "AlmaLinux" | "Rocky Linux" | "Gentoo" | "Customized Linux" | "Others Linux" | "Windows Server 2022" | "Windows Server 2019" | "Windows Server 2016" | "Windows Server 2012" | "Windows Server 2008" | "Windows Server 2003" | "Other Windows";
            /**
             * @description Absent: detected from the image, else BIOS; arm64 requires UEFI. UEFI-Preferred: for disks that boot both ways
             * @enum {string}
             */
            readonly bootMode?: "BIOS" | "UEFI" | "UEFI-Preferred";
            /**
             * @description Required for Windows; without effect on Linux
             * @enum {string}
             */
            readonly licenseType?: "Auto" | "Aliyun" | "BYOL";
            /**
             * @description Resource group of the image
             * @example rg-bp67acfmxazb4p
             */
            readonly resourceGroupId?: string;
            /** @description Name of the RAM role that ECS reads the bucket with; absent: the vendor’s default role */
            readonly roleName?: string;
            /**
             * @description ARN of the CloudBox whose OSS contains the image; only for imports from a CloudBox
             * @example arn:acs:cloudbox:cn-hangzhou:123456:cloudbox/cb-xx123
             */
            readonly storageLocationArn?: string;
            /** @description The system disk first, then up to 16 data disks */
            readonly disks: readonly {
                /**
                 * @description file:///path (or file://HOST/path), https://…, http://… or oss://bucket/key
                 * @example file:///images/web-01.qcow2
                 */
                readonly source: string;
                /**
                 * @description Absent: detected from the content. VMDK requires that the vendor allows it for the account
                 * @enum {string}
                 */
                readonly format?: "RAW" | "VHD" | "QCOW2" | "VMDK";
                /** @description GiB; absent: the image’s virtual size, rounded up */
                readonly diskImageSize?: number;
                /** @description Expected SHA-256 of the source */
                readonly sha256?: string;
                /**
                 * @description Name of a credential in the worker’s configuration, which it sends to the server of a web source
                 * @example mirror-a
                 */
                readonly credential?: string;
            }[];
            /**
             * @description Tags of the image, key to value; keys are case-insensitive
             * @default {}
             */
            readonly tags?: {
                readonly [key: string]: string;
            };
            /** @description Features of instances created from the image */
            readonly features?: {
                /**
                 * @description Absent: detected from the image, else unsupported
                 * @enum {string}
                 */
                readonly nvmeSupport?: "supported" | "unsupported";
                /**
                 * @description Absent: v1. v2: instances may require the hardened mode of the metadata service
                 * @enum {string}
                 */
                readonly imdsSupport?: "v1" | "v2";
            };
            /**
             * @description Where and in which format disks are uploaded
             * @default {}
             */
            readonly upload?: {
                /** @description The bucket that disks are uploaded to, in the import’s region; optional if all disks are oss:// objects */
                readonly bucket?: string;
                /**
                 * @description Key prefix of uploaded objects
                 * @default imports/
                 */
                readonly prefix?: string;
                /**
                 * @description auto: if the format requires it
                 * @default auto
                 * @enum {string}
                 */
                readonly convert?: "auto" | "never" | "qcow2";
                /**
                 * @description free-space: blocks that the file systems of the disk mark as free, and the contents of swap space, are not sent. none (the default): everything is sent
                 * @enum {string}
                 */
                readonly trim?: "none" | "free-space";
                /**
                 * @description Keep the uploaded object after the import
                 * @default false
                 */
                readonly keepObject?: boolean;
                /**
                 * @description The endpoint of OSS that disks are uploaded to. auto (the default): as the operator configured, else internal if the worker runs on ECS in the region, else public. accelerate requires transfer acceleration of the bucket
                 * @enum {string}
                 */
                readonly endpoint?: "auto" | "public" | "internal" | "accelerate";
            };
            /**
             * @description ensure: create or complete the RAM role that ECS reads the bucket with; verify: check it only; skip: do neither
             * @default ensure
             * @enum {string}
             */
            readonly role?: "ensure" | "verify" | "skip";
            /**
             * @description The cloud’s check of the image after the import
             * @default {}
             */
            readonly detection?: {
                /**
                 * @description none: the cloud does not check the image
                 * @default Standard
                 * @enum {string}
                 */
                readonly strategy?: "Standard" | "none";
                /**
                 * @description Wait for the cloud’s detection before the import is done
                 * @default true
                 */
                readonly wait?: boolean;
                /**
                 * @description The lowest severity that fails the import
                 * @default blocking
                 * @enum {string}
                 */
                readonly failOn?: "blocking" | "warning" | "never";
            };
            /** @description Our inspection of the image before the upload */
            readonly inspection?: {
                /**
                 * @description The lowest severity of inspection findings that stops the import before the upload; absent: blocking, or never if detection.failOn is never
                 * @enum {string}
                 */
                readonly failOn?: "blocking" | "warning" | "never";
                /** @description Boot the image in a virtual machine before the upload and wait for a login prompt; takes minutes */
                readonly bootCheck?: boolean;
            };
            /**
             * @description Copies and sharing of the image after detection
             * @default {}
             */
            readonly distribute?: {
                /**
                 * @description Regions that the image is copied to
                 * @default []
                 */
                readonly regions?: readonly string[];
                /**
                 * @description Accounts that the image is shared with
                 * @default []
                 */
                readonly shareWith?: readonly string[];
                /** @description Region to the ID of the resource share that the image or copy there is added to; its targets are a resource directory, folders or members */
                readonly resourceShares?: {
                    readonly [key: string]: string;
                };
                /** @description Encrypt the copies; absent: the account’s setting for their region decides */
                readonly encrypt?: boolean;
                /** @description Region to the ID of the key (KMS) that encrypts the copy there; without a key, an encrypted copy has the service key of ECS and cannot be shared */
                readonly kmsKeyId?: {
                    readonly [key: string]: string;
                };
            };
            /**
             * @description Stop after preflight, without uploading or creating anything
             * @default false
             */
            readonly dryRun?: boolean;
        };
        /** @description The request with its defaults */
        readonly AcceptedRequest: {
            readonly region: string;
            readonly imageName: string;
        } & {
            readonly [key: string]: unknown;
        };
        readonly Import: {
            readonly id: string;
            /** @enum {string} */
            readonly state: "running" | "attention" | "cancelling" | "succeeded" | "failed" | "cancelled";
            /** @enum {string} */
            readonly phase: "accepted" | "preflight" | "role" | "upload" | "import" | "detection" | "distribution" | "cleanup" | "done";
            readonly progress: {
                /** @enum {string} */
                readonly phase: "accepted" | "preflight" | "role" | "upload" | "import" | "detection" | "distribution" | "cleanup" | "done";
                /** @description 0 to 100, of this phase */
                readonly percent: number;
                readonly bytesDone: number | null;
                readonly bytesTotal: number | null;
                readonly bytesPerSecond: number | null;
                readonly etaSeconds: number | null;
            };
            readonly request: components["schemas"]["AcceptedRequest"];
            readonly image: {
                readonly imageId: string;
                readonly regionId: string;
                readonly taskId: string | null;
            } | null;
            readonly copies: readonly {
                readonly imageId: string;
                readonly regionId: string;
                readonly taskId: string | null;
            }[];
            readonly findings: readonly components["schemas"]["Finding"][];
            /** @description For a single import: the inspection compared with the cloud’s detection */
            readonly comparison?: readonly {
                readonly item: string;
                /** @enum {string} */
                readonly verdict: "agreed" | "only ours" | "only theirs";
                readonly ours: {
                    /** @enum {string} */
                    readonly severity: "info" | "warning" | "blocking";
                    readonly message: string;
                } | null;
                readonly theirs: {
                    /** @enum {string} */
                    readonly severity: "info" | "warning" | "blocking";
                    readonly message: string;
                } | null;
            }[];
            /** @description What must be fixed before the import can be resumed */
            readonly attention: {
                readonly code: string;
                readonly message: string;
                readonly remedy: string;
                /** Format: date-time */
                readonly since: string;
                /** @description Of the failed call to the cloud */
                readonly requestId?: string;
            } | null;
            /** @description Set while no worker can continue the import, and while the service retries what fails */
            readonly waitingFor: {
                /** @description The task queue that no worker polls; null: no worker is missing */
                readonly queue: string | null;
                readonly host: string | null;
                /** Format: date-time */
                readonly since: string;
                readonly message: string;
                /** @description The last failure and the next attempt; absent while the import waits for a worker */
                readonly retry?: {
                    readonly code: string;
                    readonly message: string;
                    readonly remedy: string;
                    /** @description Of the failed call to the cloud */
                    readonly requestId?: string;
                    /** Format: date-time */
                    readonly since: string;
                    /** Format: date-time */
                    readonly nextAt: string;
                    /**
                     * Format: date-time
                     * @description The first failure after this time stops the import for attention
                     */
                    readonly givesUpAt: string;
                };
            } | null;
            readonly error: {
                readonly code: string;
                readonly message: string;
                readonly remedy: string;
                readonly requestId: string | null;
                /** @enum {string} */
                readonly phase: "accepted" | "preflight" | "role" | "upload" | "import" | "detection" | "distribution" | "cleanup" | "done";
            } | null;
            readonly ledger: readonly {
                /** @enum {string} */
                readonly kind: "multipart-upload" | "object" | "task" | "image" | "copy" | "snapshot" | "role" | "policy-attachment";
                readonly key: string;
                readonly regionId: string;
                readonly detail: {
                    readonly [key: string]: string;
                };
                /** @enum {string} */
                readonly status: "intended" | "created" | "removed" | "kept";
                /** Format: date-time */
                readonly createdAt: string;
                /** Format: date-time */
                readonly updatedAt: string;
            }[];
            readonly timeline: readonly {
                /** @enum {string} */
                readonly phase: "accepted" | "preflight" | "role" | "upload" | "import" | "detection" | "distribution" | "cleanup" | "done";
                /** Format: date-time */
                readonly startedAt: string;
                readonly endedAt: string | null;
            }[];
            /** Format: date-time */
            readonly createdAt: string;
            /** Format: date-time */
            readonly updatedAt: string;
        };
        readonly StartedImport: {
            readonly id: string;
            /** @enum {string} */
            readonly state: "running" | "attention" | "cancelling" | "succeeded" | "failed" | "cancelled";
            /** @enum {string} */
            readonly phase: "accepted" | "preflight" | "role" | "upload" | "import" | "detection" | "distribution" | "cleanup" | "done";
            readonly progress: {
                /** @enum {string} */
                readonly phase: "accepted" | "preflight" | "role" | "upload" | "import" | "detection" | "distribution" | "cleanup" | "done";
                /** @description 0 to 100, of this phase */
                readonly percent: number;
                readonly bytesDone: number | null;
                readonly bytesTotal: number | null;
                readonly bytesPerSecond: number | null;
                readonly etaSeconds: number | null;
            };
            readonly request: components["schemas"]["AcceptedRequest"];
            readonly image: {
                readonly imageId: string;
                readonly regionId: string;
                readonly taskId: string | null;
            } | null;
            readonly copies: readonly {
                readonly imageId: string;
                readonly regionId: string;
                readonly taskId: string | null;
            }[];
            readonly findings: readonly components["schemas"]["Finding"][];
            /** @description For a single import: the inspection compared with the cloud’s detection */
            readonly comparison?: readonly {
                readonly item: string;
                /** @enum {string} */
                readonly verdict: "agreed" | "only ours" | "only theirs";
                readonly ours: {
                    /** @enum {string} */
                    readonly severity: "info" | "warning" | "blocking";
                    readonly message: string;
                } | null;
                readonly theirs: {
                    /** @enum {string} */
                    readonly severity: "info" | "warning" | "blocking";
                    readonly message: string;
                } | null;
            }[];
            /** @description What must be fixed before the import can be resumed */
            readonly attention: {
                readonly code: string;
                readonly message: string;
                readonly remedy: string;
                /** Format: date-time */
                readonly since: string;
                /** @description Of the failed call to the cloud */
                readonly requestId?: string;
            } | null;
            /** @description Set while no worker can continue the import, and while the service retries what fails */
            readonly waitingFor: {
                /** @description The task queue that no worker polls; null: no worker is missing */
                readonly queue: string | null;
                readonly host: string | null;
                /** Format: date-time */
                readonly since: string;
                readonly message: string;
                /** @description The last failure and the next attempt; absent while the import waits for a worker */
                readonly retry?: {
                    readonly code: string;
                    readonly message: string;
                    readonly remedy: string;
                    /** @description Of the failed call to the cloud */
                    readonly requestId?: string;
                    /** Format: date-time */
                    readonly since: string;
                    /** Format: date-time */
                    readonly nextAt: string;
                    /**
                     * Format: date-time
                     * @description The first failure after this time stops the import for attention
                     */
                    readonly givesUpAt: string;
                };
            } | null;
            readonly error: {
                readonly code: string;
                readonly message: string;
                readonly remedy: string;
                readonly requestId: string | null;
                /** @enum {string} */
                readonly phase: "accepted" | "preflight" | "role" | "upload" | "import" | "detection" | "distribution" | "cleanup" | "done";
            } | null;
            readonly ledger: readonly {
                /** @enum {string} */
                readonly kind: "multipart-upload" | "object" | "task" | "image" | "copy" | "snapshot" | "role" | "policy-attachment";
                readonly key: string;
                readonly regionId: string;
                readonly detail: {
                    readonly [key: string]: string;
                };
                /** @enum {string} */
                readonly status: "intended" | "created" | "removed" | "kept";
                /** Format: date-time */
                readonly createdAt: string;
                /** Format: date-time */
                readonly updatedAt: string;
            }[];
            readonly timeline: readonly {
                /** @enum {string} */
                readonly phase: "accepted" | "preflight" | "role" | "upload" | "import" | "detection" | "distribution" | "cleanup" | "done";
                /** Format: date-time */
                readonly startedAt: string;
                readonly endedAt: string | null;
            }[];
            /** Format: date-time */
            readonly createdAt: string;
            /** Format: date-time */
            readonly updatedAt: string;
            /** @description Valid but unusual fields of the request */
            readonly warnings: readonly {
                /** @description The field in the request: disks[0].diskImageSize */
                readonly path: string;
                readonly rule: string;
                readonly given: string | null;
                readonly message: string;
                /** @description The error code that the cloud would return */
                readonly vendorCode: string | null;
            }[];
        };
        /** @description The import, and what was read, sent and called */
        readonly ImportReport: {
            readonly id: string;
            /** @enum {string} */
            readonly state: "running" | "attention" | "cancelling" | "succeeded" | "failed" | "cancelled";
            /** @enum {string} */
            readonly phase: "accepted" | "preflight" | "role" | "upload" | "import" | "detection" | "distribution" | "cleanup" | "done";
            readonly progress: {
                /** @enum {string} */
                readonly phase: "accepted" | "preflight" | "role" | "upload" | "import" | "detection" | "distribution" | "cleanup" | "done";
                /** @description 0 to 100, of this phase */
                readonly percent: number;
                readonly bytesDone: number | null;
                readonly bytesTotal: number | null;
                readonly bytesPerSecond: number | null;
                readonly etaSeconds: number | null;
            };
            readonly request: components["schemas"]["AcceptedRequest"];
            readonly image: {
                readonly imageId: string;
                readonly regionId: string;
                readonly taskId: string | null;
            } | null;
            readonly copies: readonly {
                readonly imageId: string;
                readonly regionId: string;
                readonly taskId: string | null;
            }[];
            readonly findings: readonly components["schemas"]["Finding"][];
            /** @description For a single import: the inspection compared with the cloud’s detection */
            readonly comparison?: readonly {
                readonly item: string;
                /** @enum {string} */
                readonly verdict: "agreed" | "only ours" | "only theirs";
                readonly ours: {
                    /** @enum {string} */
                    readonly severity: "info" | "warning" | "blocking";
                    readonly message: string;
                } | null;
                readonly theirs: {
                    /** @enum {string} */
                    readonly severity: "info" | "warning" | "blocking";
                    readonly message: string;
                } | null;
            }[];
            /** @description What must be fixed before the import can be resumed */
            readonly attention: {
                readonly code: string;
                readonly message: string;
                readonly remedy: string;
                /** Format: date-time */
                readonly since: string;
                /** @description Of the failed call to the cloud */
                readonly requestId?: string;
            } | null;
            /** @description Set while no worker can continue the import, and while the service retries what fails */
            readonly waitingFor: {
                /** @description The task queue that no worker polls; null: no worker is missing */
                readonly queue: string | null;
                readonly host: string | null;
                /** Format: date-time */
                readonly since: string;
                readonly message: string;
                /** @description The last failure and the next attempt; absent while the import waits for a worker */
                readonly retry?: {
                    readonly code: string;
                    readonly message: string;
                    readonly remedy: string;
                    /** @description Of the failed call to the cloud */
                    readonly requestId?: string;
                    /** Format: date-time */
                    readonly since: string;
                    /** Format: date-time */
                    readonly nextAt: string;
                    /**
                     * Format: date-time
                     * @description The first failure after this time stops the import for attention
                     */
                    readonly givesUpAt: string;
                };
            } | null;
            readonly error: {
                readonly code: string;
                readonly message: string;
                readonly remedy: string;
                readonly requestId: string | null;
                /** @enum {string} */
                readonly phase: "accepted" | "preflight" | "role" | "upload" | "import" | "detection" | "distribution" | "cleanup" | "done";
            } | null;
            readonly ledger: readonly {
                /** @enum {string} */
                readonly kind: "multipart-upload" | "object" | "task" | "image" | "copy" | "snapshot" | "role" | "policy-attachment";
                readonly key: string;
                readonly regionId: string;
                readonly detail: {
                    readonly [key: string]: string;
                };
                /** @enum {string} */
                readonly status: "intended" | "created" | "removed" | "kept";
                /** Format: date-time */
                readonly createdAt: string;
                /** Format: date-time */
                readonly updatedAt: string;
            }[];
            readonly timeline: readonly {
                /** @enum {string} */
                readonly phase: "accepted" | "preflight" | "role" | "upload" | "import" | "detection" | "distribution" | "cleanup" | "done";
                /** Format: date-time */
                readonly startedAt: string;
                readonly endedAt: string | null;
            }[];
            /** Format: date-time */
            readonly createdAt: string;
            /** Format: date-time */
            readonly updatedAt: string;
            readonly events: readonly ({
                readonly id: number;
                /** Format: date-time */
                readonly at: string;
                /** @enum {string} */
                readonly type: "state" | "phase" | "progress" | "attention" | "finding" | "ledger" | "note";
                /** @enum {string} */
                readonly phase: "accepted" | "preflight" | "role" | "upload" | "import" | "detection" | "distribution" | "cleanup" | "done";
                /** @enum {string} */
                readonly state: "running" | "attention" | "cancelling" | "succeeded" | "failed" | "cancelled";
                readonly message: string;
                readonly detail: {
                    readonly [key: string]: unknown;
                };
            } & {
                readonly [key: string]: unknown;
            })[];
        } & {
            readonly [key: string]: unknown;
        };
        /** @description An import in a list: all fields of Import, unless `fields` asks for fewer */
        readonly ListedImport: {
            readonly id: string;
            /** @enum {string} */
            readonly state?: "running" | "attention" | "cancelling" | "succeeded" | "failed" | "cancelled";
            /** @enum {string} */
            readonly phase?: "accepted" | "preflight" | "role" | "upload" | "import" | "detection" | "distribution" | "cleanup" | "done";
            readonly progress?: {
                /** @enum {string} */
                readonly phase: "accepted" | "preflight" | "role" | "upload" | "import" | "detection" | "distribution" | "cleanup" | "done";
                /** @description 0 to 100, of this phase */
                readonly percent: number;
                readonly bytesDone: number | null;
                readonly bytesTotal: number | null;
                readonly bytesPerSecond: number | null;
                readonly etaSeconds: number | null;
            };
            readonly request?: components["schemas"]["AcceptedRequest"];
            readonly image?: {
                readonly imageId: string;
                readonly regionId: string;
                readonly taskId: string | null;
            } | null;
            readonly copies?: readonly {
                readonly imageId: string;
                readonly regionId: string;
                readonly taskId: string | null;
            }[];
            readonly findings?: readonly components["schemas"]["Finding"][];
            /** @description For a single import: the inspection compared with the cloud’s detection */
            readonly comparison?: readonly {
                readonly item: string;
                /** @enum {string} */
                readonly verdict: "agreed" | "only ours" | "only theirs";
                readonly ours: {
                    /** @enum {string} */
                    readonly severity: "info" | "warning" | "blocking";
                    readonly message: string;
                } | null;
                readonly theirs: {
                    /** @enum {string} */
                    readonly severity: "info" | "warning" | "blocking";
                    readonly message: string;
                } | null;
            }[];
            /** @description What must be fixed before the import can be resumed */
            readonly attention?: {
                readonly code: string;
                readonly message: string;
                readonly remedy: string;
                /** Format: date-time */
                readonly since: string;
                /** @description Of the failed call to the cloud */
                readonly requestId?: string;
            } | null;
            /** @description Set while no worker can continue the import, and while the service retries what fails */
            readonly waitingFor?: {
                /** @description The task queue that no worker polls; null: no worker is missing */
                readonly queue: string | null;
                readonly host: string | null;
                /** Format: date-time */
                readonly since: string;
                readonly message: string;
                /** @description The last failure and the next attempt; absent while the import waits for a worker */
                readonly retry?: {
                    readonly code: string;
                    readonly message: string;
                    readonly remedy: string;
                    /** @description Of the failed call to the cloud */
                    readonly requestId?: string;
                    /** Format: date-time */
                    readonly since: string;
                    /** Format: date-time */
                    readonly nextAt: string;
                    /**
                     * Format: date-time
                     * @description The first failure after this time stops the import for attention
                     */
                    readonly givesUpAt: string;
                };
            } | null;
            readonly error?: {
                readonly code: string;
                readonly message: string;
                readonly remedy: string;
                readonly requestId: string | null;
                /** @enum {string} */
                readonly phase: "accepted" | "preflight" | "role" | "upload" | "import" | "detection" | "distribution" | "cleanup" | "done";
            } | null;
            readonly ledger?: readonly {
                /** @enum {string} */
                readonly kind: "multipart-upload" | "object" | "task" | "image" | "copy" | "snapshot" | "role" | "policy-attachment";
                readonly key: string;
                readonly regionId: string;
                readonly detail: {
                    readonly [key: string]: string;
                };
                /** @enum {string} */
                readonly status: "intended" | "created" | "removed" | "kept";
                /** Format: date-time */
                readonly createdAt: string;
                /** Format: date-time */
                readonly updatedAt: string;
            }[];
            readonly timeline?: readonly {
                /** @enum {string} */
                readonly phase: "accepted" | "preflight" | "role" | "upload" | "import" | "detection" | "distribution" | "cleanup" | "done";
                /** Format: date-time */
                readonly startedAt: string;
                readonly endedAt: string | null;
            }[];
            /** Format: date-time */
            readonly createdAt?: string;
            /** Format: date-time */
            readonly updatedAt?: string;
        };
        readonly ImportList: {
            readonly imports: readonly components["schemas"]["ListedImport"][];
            /** @description null: this is the last page */
            readonly nextCursor: string | null;
        };
        readonly Event: {
            /** Format: date-time */
            readonly at: string;
            /** @enum {string} */
            readonly type: "state" | "phase" | "progress" | "attention" | "finding" | "ledger" | "note";
            /** @enum {string} */
            readonly phase: "accepted" | "preflight" | "role" | "upload" | "import" | "detection" | "distribution" | "cleanup" | "done";
            /** @enum {string} */
            readonly state: "running" | "attention" | "cancelling" | "succeeded" | "failed" | "cancelled";
            readonly message: string;
            readonly detail: {
                readonly [key: string]: unknown;
            };
        };
        readonly FileList: {
            readonly files: readonly {
                readonly name: string;
                readonly contentType: string;
                /** @description In bytes */
                readonly size: number;
                /** Format: date-time */
                readonly createdAt: string;
            }[];
        };
        readonly Finding: {
            /** @description The vendor’s item name if one exists, otherwise a code of this service */
            readonly code: string;
            /** @enum {string} */
            readonly severity: "info" | "warning" | "blocking";
            readonly message: string;
            /** @description What was found, and where */
            readonly evidence: string;
            /** @description What to do, as commands if possible */
            readonly remedy: string;
            /** @enum {string} */
            readonly source: "inspection" | "cloud";
            readonly disk?: number;
        };
        readonly InspectionRequest: {
            /** @description file:///path, or file://HOST/path for the worker of that host; an absolute path means file:///path */
            readonly source: string;
            /**
             * @description For a data disk, only the container is read
             * @default system
             * @enum {string}
             */
            readonly role?: "system" | "data";
        };
        readonly Inspection: {
            /** @description Its result can be read again at /v1/inspections/{id}, for 180 days */
            readonly id: string;
            /** Format: date-time */
            readonly createdAt: string;
            /** @description Who inspected it: the identity, and what the client states */
            readonly createdBy: {
                readonly client: string | null;
                readonly user: string | null;
                readonly identity: string | null;
            };
            /** @enum {string} */
            readonly role: "system" | "data";
            readonly source: string;
            /** @enum {string} */
            readonly format: "RAW" | "QCOW2" | "VHD" | "VMDK" | "VHDX" | "VDI" | "ISO" | "OVA" | "TAR" | "GZIP" | "XZ" | "ZSTD" | "UNKNOWN";
            readonly subformat: string | null;
            /** @description Size of the disk as the guest sees it, in bytes */
            readonly virtualSize: number | null;
            readonly fileSize: number;
            readonly allocatedSize: number;
            /** @description The disk in an archive, and its location there */
            readonly contains: {
                readonly name: string;
                readonly format: string;
                readonly offset: number;
                readonly size: number;
                readonly sparse: boolean;
            } | null;
            /** @description The smallest possible diskImageSize */
            readonly diskImageSizeGiB: number | null;
            readonly partitionTable: ("gpt" | "mbr" | "none") | null;
            readonly volumes: readonly {
                readonly name: string;
                readonly size: number | null;
                readonly content: string | null;
                readonly uuid: string | null;
                readonly label: string | null;
                /** @description Why its file system cannot be read; absent: no damage was found */
                readonly damage?: string;
            }[];
            readonly architecture: ("x86_64" | "i386" | "arm64") | null;
            /** @description The boot mode to import it with */
            readonly bootMode: ("BIOS" | "UEFI") | null;
            /** @description All boot modes that the disk supports */
            readonly bootModes: readonly ("BIOS" | "UEFI")[];
            /** @description What is known of each step from the firmware to the init program of a Linux guest */
            readonly bootChain: readonly {
                /** @enum {string} */
                readonly link: "firmware" | "boot loader" | "boot entry" | "kernel" | "initramfs" | "root device" | "mounts" | "init";
                /** @enum {string} */
                readonly state: "verified" | "broken" | "not verified";
                readonly evidence: string;
            }[];
            readonly osType: ("linux" | "windows") | null;
            /** @description One of the vendor’s Platform values */
            readonly platform: string | null;
            readonly osVersion: string | null;
            readonly osName: string | null;
            readonly kernelVersion: string | null;
            readonly cloudInitVersion: string | null;
            readonly hostName: string | null;
            readonly packageFormat: ("deb" | "rpm" | "apk" | "pacman" | "xbps" | "ebuild") | null;
            /** @description Volumes of this disk that the guest mounts */
            readonly mounts: readonly {
                readonly volume: string;
                readonly at: string;
            }[];
            readonly nvmeSupport: ("supported" | "unsupported") | null;
            readonly findings: readonly components["schemas"]["Finding"][];
            /**
             * @description Whether only the container or also the guest was read
             * @enum {string}
             */
            readonly depth: "container" | "guest";
        };
        readonly InspectionList: {
            readonly inspections: readonly {
                /** @description Its result can be read again at /v1/inspections/{id}, for 180 days */
                readonly id: string;
                /** Format: date-time */
                readonly createdAt: string;
                /** @description Who inspected it: the identity, and what the client states */
                readonly createdBy: {
                    readonly client: string | null;
                    readonly user: string | null;
                    readonly identity: string | null;
                };
                /** @enum {string} */
                readonly role: "system" | "data";
                readonly source: string;
                /** @enum {string} */
                readonly format: "RAW" | "QCOW2" | "VHD" | "VMDK" | "VHDX" | "VDI" | "ISO" | "OVA" | "TAR" | "GZIP" | "XZ" | "ZSTD" | "UNKNOWN";
                readonly osName: string | null;
                readonly blocking: number;
                readonly warnings: number;
            }[];
            /** @description null: this is the last page */
            readonly nextCursor: string | null;
        };
        readonly Problem: {
            readonly type: string;
            readonly title: string;
            readonly status: number;
            /** @description What happened, and to what */
            readonly detail: string;
            /** @description For programs: Request.Invalid, Import.NotFound … */
            readonly code: string;
            /** @description What to do; may be empty */
            readonly remedy: string;
            /** @description Every invalid field of the request */
            readonly errors?: readonly {
                /** @description The field in the request: disks[0].diskImageSize */
                readonly path: string;
                readonly rule: string;
                readonly given: string | null;
                readonly message: string;
                /** @description The error code that the cloud would return */
                readonly vendorCode: string | null;
            }[];
            /** @description As the header Retry-After */
            readonly retryAfterSeconds?: number;
        } & {
            readonly [key: string]: unknown;
        };
        readonly Cancel: {
            /**
             * @description Keeps an image that was completed before the cancel took effect
             * @default false
             */
            readonly keepImage?: boolean;
        };
        readonly Resume: {
            /**
             * @description Fields of the request to change: path to value
             * @default {}
             */
            readonly set?: {
                readonly [key: string]: unknown;
            };
        };
        readonly HoldRequest: {
            /** @description Why it must be kept, for example the number of a legal case */
            readonly reason: string;
        };
        readonly ReleaseRequest: Record<string, never>;
        readonly Hold: {
            readonly id: string;
            readonly reason: string;
            /** Format: date-time */
            readonly since: string;
            /** @description Who set it: the identity, and what the client states */
            readonly by: {
                readonly client: string | null;
                readonly user: string | null;
                readonly identity: string | null;
            } | null;
        };
        readonly HoldList: {
            readonly holds: readonly components["schemas"]["Hold"][];
        };
        readonly OrphanSweepInput: {
            /**
             * @description Deletes the orphans; resources of running imports are never deleted
             * @default false
             */
            readonly delete?: boolean;
            /**
             * @description With delete: also deletes completed images of imports that this installation does not know
             * @default false
             */
            readonly foreign?: boolean;
            /** @description Only this account; absent: all accounts that imports have used */
            readonly account?: string;
        };
        readonly OrphanSweep: {
            readonly orphans: readonly {
                /** @enum {string} */
                readonly kind: "image" | "snapshot" | "object" | "multipart-upload";
                readonly importId: string;
                /** @description null: the account of the worker’s own credentials */
                readonly account: string | null;
                readonly regionId: string;
                /** @description ID of the image or snapshot, or oss://bucket/key */
                readonly key: string;
                readonly name: string;
                readonly bytes: number;
                readonly since: string | null;
                readonly why: string;
                /** @description Cost per month at list price, in CNY */
                readonly monthlyCny: number;
                /** @description A completed image or a snapshot of an unknown import, possibly of another installation */
                readonly foreign: boolean;
            }[];
            /** @description Keys of the deleted orphans */
            readonly deleted: readonly string[];
            /** @description Orphans that could not be deleted, and why */
            readonly left: readonly {
                readonly key: string;
                readonly why: string;
                /** @description Absent: the account of the worker’s own credentials */
                readonly account?: string;
            }[];
            /** @description Accounts, regions and folders that could not be searched, and why */
            readonly unseen: readonly {
                readonly key: string;
                readonly why: string;
                /** @description Absent: the account of the worker’s own credentials */
                readonly account?: string;
            }[];
        };
        readonly ReconcileInput: {
            /**
             * @description Ends what is listed; without it, nothing is changed
             * @default false
             */
            readonly apply?: boolean;
        };
        readonly Reconciliation: {
            /** @description A Temporal namespace and the cluster that it is on */
            readonly connected: {
                readonly namespace: string;
                readonly namespaceId: string;
                readonly clusterId: string;
            };
            readonly lost: readonly {
                /** @enum {string} */
                readonly kind: "import" | "batch";
                readonly id: string;
                readonly code: string;
                readonly message: string;
                readonly startedIn: {
                    readonly namespace: string;
                    readonly namespaceId: string;
                    readonly clusterId: string;
                } | null;
                /**
                 * @description clean-up: end as cancelled and remove its resources. record-result: record the result of its completed workflow. none: its workflow runs again
                 * @enum {string}
                 */
                readonly action: "clean-up" | "record-result" | "none";
            }[];
            /** @description Open imports and batches that are still to be compared with this server; send the request again in a minute */
            readonly unchecked: number;
            /** @description IDs of those to which the action was applied */
            readonly done: readonly string[];
            /** @description Those to which it could not be applied, and why */
            readonly left: readonly {
                readonly key: string;
                readonly why: string;
            }[];
        };
        readonly ResumeAll: {
            /** @description attention.code of the imports */
            readonly code: string;
        };
        readonly ResumedAll: {
            readonly code: string;
            /** @description Import IDs */
            readonly resumed: readonly string[];
            /** @description Imports with this cause that were not resumed, and why */
            readonly notResumed: readonly {
                readonly id: string;
                readonly reason: string;
            }[];
        };
        readonly WaitingCauses: {
            readonly causes: readonly {
                readonly code: string;
                readonly imports: number;
                /** Format: date-time */
                readonly since: string;
                readonly remedy: string;
            }[];
        };
        readonly SignIn: {
            /** @description From the link that `ecs-image-import open` prints */
            readonly code: string;
        };
        readonly SignInCode: {
            readonly code: string;
            /** Format: date-time */
            readonly expiresAt: string;
        };
        readonly StartedSession: {
            /** @description Sent as X-Ecs-Import-Session with every request of the page */
            readonly token: string;
            /** Format: date-time */
            readonly expiresAt: string;
            /** @description Who sends a request */
            readonly identity: {
                /** @description Stable, as in records: `local`, `token`, `key:PREFIX` */
                readonly id: string;
                readonly name: string;
                /** @enum {string} */
                readonly role: "viewer" | "operator" | "admin";
                /** @description What the identity is limited to, as patterns with `*`; an empty list allows all */
                readonly scope: {
                    readonly accounts?: readonly string[];
                    readonly regions: readonly string[];
                    readonly buckets: readonly string[];
                    readonly tags: readonly {
                        readonly key: string;
                        readonly value: string;
                    }[];
                    readonly sourceRoots: readonly string[];
                };
            };
        };
        readonly Session: {
            /** @description Who sends a request */
            readonly identity: {
                /** @description Stable, as in records: `local`, `token`, `key:PREFIX` */
                readonly id: string;
                readonly name: string;
                /** @enum {string} */
                readonly role: "viewer" | "operator" | "admin";
                /** @description What the identity is limited to, as patterns with `*`; an empty list allows all */
                readonly scope: {
                    readonly accounts?: readonly string[];
                    readonly regions: readonly string[];
                    readonly buckets: readonly string[];
                    readonly tags: readonly {
                        readonly key: string;
                        readonly value: string;
                    }[];
                    readonly sourceRoots: readonly string[];
                };
            };
            /** @description When the session of the page ends; null: the request carries a key */
            readonly expiresAt: string | null;
        };
        readonly Health: {
            /** @constant */
            readonly status: "ok";
        };
        readonly Readiness: {
            /** @enum {string} */
            readonly status: "ready" | "not ready";
            readonly checks: readonly {
                readonly name: string;
                readonly ok: boolean;
                readonly message: string;
            }[];
            readonly parts: readonly {
                readonly name: string;
                /** @description Only for senders with an identity */
                readonly pid?: number | null;
                readonly state: string;
                readonly restarts: number;
                /** @description Only for senders with an identity */
                readonly address?: string | null;
            }[];
            /** @description The workers that poll, and up to 20 that did, the latest first; empty for senders without an identity */
            readonly workers: readonly {
                readonly host: string;
                /** @description The name of its pollers in Temporal */
                readonly identity: string;
                readonly alive: boolean;
                /** Format: date-time */
                readonly startedAt: string;
                /** Format: date-time */
                readonly seenAt: string;
            }[];
        };
        readonly OpenApi: {
            readonly openapi: string;
        } & {
            readonly [key: string]: unknown;
        };
        readonly Payloads: {
            /** @default [] */
            readonly payloads?: readonly {
                /**
                 * @description By name, as base64
                 * @default {}
                 */
                readonly metadata?: {
                    readonly [key: string]: string;
                };
                /**
                 * @description As base64
                 * @default
                 */
                readonly data?: string;
            }[];
        };
        readonly Retry: {
            /**
             * @description Fields of the request to change: path to value; null removes the field
             * @default {}
             */
            readonly set?: {
                readonly [key: string]: unknown;
            };
        };
        readonly Bulk: {
            /** @enum {string} */
            readonly action: "resume" | "cancel" | "retry";
            /** @description Either these imports … */
            readonly ids?: readonly string[];
            /** @description … or those that match, as in the list of imports; the newest 1,000 of them */
            readonly filter?: {
                /** @enum {string} */
                readonly state?: "running" | "attention" | "cancelling" | "succeeded" | "failed" | "cancelled";
                /** @enum {string} */
                readonly phase?: "accepted" | "preflight" | "role" | "upload" | "import" | "detection" | "distribution" | "cleanup" | "done";
                readonly code?: string;
                readonly region?: string;
                readonly bucket?: string;
                readonly batch?: string;
                readonly account?: string;
                readonly createdBy?: string;
                readonly name?: string;
                /** Format: date-time */
                readonly since?: string;
                /** Format: date-time */
                readonly until?: string;
                readonly tags?: {
                    readonly [key: string]: string;
                };
            };
            /**
             * @description For resume and retry: fields to change first
             * @default {}
             */
            readonly set?: {
                readonly [key: string]: unknown;
            };
            /**
             * @description For cancel: keeps an image that was completed before
             * @default false
             */
            readonly keepImage?: boolean;
            /**
             * @description false: only reports what would be done
             * @default false
             */
            readonly apply?: boolean;
        };
        readonly BulkSummary: {
            /** @enum {string} */
            readonly action: "resume" | "cancel" | "retry";
            readonly applied: boolean;
            readonly selected: number;
            /** @description Further imports match the filter: send the request again */
            readonly hasMore: boolean;
            readonly acts: readonly {
                readonly id: string;
                readonly imageName: string | null;
                readonly state: ("running" | "attention" | "cancelling" | "succeeded" | "failed" | "cancelled") | null;
                /** @description Of the error, or of what requires attention */
                readonly code: string | null;
                /** @description The import that a retry has started */
                readonly newId: string | null;
            }[];
            readonly skipped: readonly {
                readonly id: string;
                readonly imageName: string | null;
                readonly state: ("running" | "attention" | "cancelling" | "succeeded" | "failed" | "cancelled") | null;
                /** @description Of the error, or of what requires attention */
                readonly code: string | null;
                readonly reason: string;
            }[];
            /** @description Bytes that open uploads have sent and that a cancel discards */
            readonly discardedBytes: number;
        };
        readonly Overview: {
            /** Format: date-time */
            readonly at: string;
            /** @description Open imports by state; absent: none. What ended is in `hours` */
            readonly states: {
                readonly [key: string]: number;
            };
            /** @description Of imports in attention, the most frequent first */
            readonly causes: readonly {
                readonly code: string;
                readonly imports: number;
                /** Format: date-time */
                readonly since: string;
                readonly remedy: string;
            }[];
            readonly running: {
                readonly imports: number;
                /** @description Those that wait for a worker, or for the next attempt of a call that failed */
                readonly waiting: number;
                /** @description Those without progress for 30 minutes that are not known to wait for anything */
                readonly stalled: number;
                readonly bytesPerSecond: number;
                readonly phases: readonly {
                    /** @enum {string} */
                    readonly phase: "accepted" | "preflight" | "role" | "upload" | "import" | "detection" | "distribution" | "cleanup" | "done";
                    readonly imports: number;
                    readonly waiting: number;
                    readonly stalled: number;
                    readonly bytesPerSecond: number;
                }[];
            };
            /** @description What ended in each hour, the current one last */
            readonly hours: readonly {
                /**
                 * Format: date-time
                 * @description Its beginning
                 */
                readonly hour: string;
                readonly succeeded: number;
                readonly failed: number;
                readonly cancelled: number;
                /** @description Of uploads that were completed in it */
                readonly bytes: number;
            }[];
            /** @description false: of an identity with a scope, only the latest 5,000 ended imports were compared with it */
            readonly isComplete: boolean;
            /** @description Task queues that workers poll or polled within a day, and those that imports wait for */
            readonly queues: readonly {
                readonly queue: string;
                /** @description null: workers of all hosts poll it */
                readonly host: string | null;
                /** @description How many poll it now */
                readonly workers: number;
                readonly seenAt: string | null;
                /** @description Imports that wait for a worker of this queue */
                readonly waiting: number;
            }[];
            /** @description Call budgets that were used within an hour; empty for identities with a scope */
            readonly budgets: readonly {
                readonly accountId: string;
                readonly service: string;
                readonly region: string;
                readonly action: string;
                /** @description Calls per minute that are allowed now; null: no limit is known */
                readonly perMinute: number | null;
                /** @description The cloud has throttled a call: none before this time */
                readonly blockedUntil: string | null;
            }[];
        };
        readonly BatchCheck: {
            readonly items: number;
            readonly invalid: number;
            /** @description In the order of the file; the first thousand */
            readonly badItems: readonly {
                readonly item: number;
                readonly line: number;
                readonly imageName: string | null;
                readonly problems: readonly {
                    /** @description The field in the request: disks[0].diskImageSize */
                    readonly path: string;
                    readonly rule: string;
                    readonly given: string | null;
                    readonly message: string;
                    /** @description The error code that the cloud would return */
                    readonly vendorCode: string | null;
                }[];
            }[];
            /** @description Of the name, the policy and the defaults. If there are any, the items are not checked */
            readonly headerProblems: readonly {
                /** @description The field in the request: disks[0].diskImageSize */
                readonly path: string;
                readonly rule: string;
                readonly given: string | null;
                readonly message: string;
                /** @description The error code that the cloud would return */
                readonly vendorCode: string | null;
            }[];
            /** @description The line from which the file cannot be read; null: it was read to its end */
            readonly unreadable: {
                readonly line: number;
                readonly reason: string;
            } | null;
            /** @description null: the file has none, so that the batch gets its ID as name */
            readonly name: string | null;
            /** @description A batch has this name. The same file returns that batch; another one is refused */
            readonly isNameUsed: boolean;
            /** @description The ID of that batch; null: none, or outside the scope of the identity */
            readonly nameUsedBy: string | null;
            readonly policy: components["schemas"]["Policy"] | null;
            /** @description Valid items by region, the most frequent first */
            readonly regions: readonly {
                readonly name: string;
                readonly items: number;
            }[];
            readonly buckets: readonly {
                readonly name: string;
                readonly items: number;
            }[];
        };
        readonly BatchSeries: {
            readonly stepSeconds: number;
            /** @description From the start of the batch to its end, or to now */
            readonly points: readonly {
                /** Format: date-time */
                readonly at: string;
                readonly succeeded: number;
                readonly failed: number;
            }[];
            /** @description The most frequent causes of failures; `other` sums the rest */
            readonly causes: readonly {
                readonly code: string;
                readonly failures: number;
                /** @description One for each of `points` */
                readonly points: readonly number[];
            }[];
        };
        readonly Plan: {
            readonly importId: string;
            readonly isDryRun: boolean;
            readonly region: string;
            readonly imageName: string;
            readonly disks: readonly {
                readonly disk: number;
                readonly source: string;
                readonly sourceBytes: number | null;
                /** @description as-is, converted, if-faster (converted if the link is slow) or unknown (decided on the worker) */
                readonly sentAs: string;
                readonly format: string | null;
                readonly diskImageSizeGiB: number | null;
                readonly bucket: string;
                /** @description null: it is uploaded; otherwise the object that is already there */
                readonly key: string | null;
                /** @description The bytes that are sent at most */
                readonly bytesAtMost: number | null;
            }[];
            /** @description Of all disks; null: not all sizes are known */
            readonly bytesAtMost: number | null;
            /** @description The settings of the image, and where each comes from */
            readonly settings: readonly {
                readonly field: string;
                readonly value: string | null;
                /** @enum {string} */
                readonly origin: "request" | "image" | "derived" | "cloud";
                /** @description The cloud’s default */
                readonly assumed: string;
            }[];
            readonly role: {
                /** @enum {string} */
                readonly mode: "ensure" | "verify" | "skip";
                /** @description null: not checked; only a dry run checks it here */
                readonly isReady: boolean | null;
                /** @description What is missing, which ensure creates; or why it was not checked */
                readonly message: string | null;
            };
            readonly keepsObject: boolean;
            /** @description Regions */
            readonly copies: readonly string[];
            /** @description Accounts */
            readonly sharedWith: readonly string[];
            readonly estimate: {
                readonly uploadSeconds: number | null;
                readonly importSeconds: number | null;
                /** @description How many recent imports the times are estimated from */
                readonly fromImports: number;
                readonly cost: {
                    readonly currency: string;
                    readonly storagePerMonth: number;
                    readonly traffic: number;
                } | null;
            };
        };
        readonly Settings: {
            readonly settings: readonly {
                readonly name: string;
                /** @description null: not set, or a secret */
                readonly value: string | null;
                /** @enum {string} */
                readonly origin: "environment" | "default" | "unset";
                readonly isSecret: boolean;
            }[];
            readonly version: string;
        };
        readonly AuditEntry: {
            readonly id: number;
            /** Format: date-time */
            readonly at: string;
            /** @description ID of the identity; null: the request had none */
            readonly identity: string | null;
            readonly role: string | null;
            /** @description From which address the request came */
            readonly address: string | null;
            /** @description As the client states it */
            readonly client: string | null;
            /** @description As the client states it */
            readonly user: string | null;
            /** @description Such as imports.start; sign-in: a request without an identity */
            readonly action: string;
            /** @description The ID of an import, a batch or a key, or the path */
            readonly target: string | null;
            /**
             * @description unknown: the process ended during the action
             * @enum {string}
             */
            readonly outcome: "done" | "refused" | "failed" | "unknown";
            /** @description Of the response */
            readonly status: number | null;
            /** @description Of the problem in the response */
            readonly code: string | null;
            /** @description How many refused or failed requests the entry stands for */
            readonly count: number;
        };
        readonly AuditList: {
            readonly entries: readonly components["schemas"]["AuditEntry"][];
            readonly nextCursor: string | null;
        };
        readonly NewKey: {
            /** @description For people; absent: the prefix of the key */
            readonly name?: string;
            /**
             * @description viewer reads, operator also starts and changes imports, admin may do everything
             * @enum {string}
             */
            readonly role: "viewer" | "operator" | "admin";
            /**
             * @description What the key is limited to
             * @default {}
             */
            readonly scope?: {
                /** @description Names of configured accounts, with *; an empty name is the account of the worker’s own credentials. Absent: an admin may use all accounts, another role only that of the worker’s own credentials */
                readonly accounts?: readonly string[];
                /**
                 * @description Regions, such as cn-*; empty: all
                 * @default []
                 */
                readonly regions?: readonly string[];
                /**
                 * @description Buckets, such as team-a-*, also those of sources in OSS; empty: all
                 * @default []
                 */
                readonly buckets?: readonly string[];
                /**
                 * @description Tags that an import must have: one of the values of each key; empty: any
                 * @default []
                 */
                readonly tags?: readonly {
                    readonly key: string;
                    /** @description With * */
                    readonly value: string;
                }[];
                /**
                 * @description Folders and addresses below which sources are; * stands for a part of a name; empty: all
                 * @default []
                 */
                readonly sourceRoots?: readonly string[];
            };
            /**
             * @description When the key expires; null: never
             * @default 7776000
             */
            readonly expiresInSeconds?: number | null;
        };
        readonly KeyRotation: {
            /**
             * @description How long the earlier secret stays valid
             * @default 86400
             */
            readonly overlapSeconds?: number;
            /** @description When the new secret expires; null: never; absent: after the same time as the earlier one */
            readonly expiresInSeconds?: number | null;
        };
        readonly KeyRevocation: Record<string, never>;
        readonly Key: {
            /** @description The visible part of the key, and its ID */
            readonly prefix: string;
            readonly name: string;
            /** @enum {string} */
            readonly role: "viewer" | "operator" | "admin";
            readonly scope: {
                /** @description Names of configured accounts, with *; an empty name is the account of the worker’s own credentials. Absent: an admin may use all accounts, another role only that of the worker’s own credentials */
                readonly accounts?: readonly string[];
                /**
                 * @description Regions, such as cn-*; empty: all
                 * @default []
                 */
                readonly regions: readonly string[];
                /**
                 * @description Buckets, such as team-a-*, also those of sources in OSS; empty: all
                 * @default []
                 */
                readonly buckets: readonly string[];
                /**
                 * @description Tags that an import must have: one of the values of each key; empty: any
                 * @default []
                 */
                readonly tags: readonly {
                    readonly key: string;
                    /** @description With * */
                    readonly value: string;
                }[];
                /**
                 * @description Folders and addresses below which sources are; * stands for a part of a name; empty: all
                 * @default []
                 */
                readonly sourceRoots: readonly string[];
            };
            /** @enum {string} */
            readonly state: "active" | "expired" | "revoked";
            /** Format: date-time */
            readonly createdAt: string;
            /** @description ID of the identity */
            readonly createdBy: string;
            readonly revokedAt: string | null;
            readonly revokedBy: string | null;
            /** @description The newest first; after a rotation, the earlier one is valid until it expires */
            readonly secrets: readonly {
                /** Format: date-time */
                readonly createdAt: string;
                readonly expiresAt: string | null;
                readonly lastUsedAt: string | null;
            }[];
        };
        readonly CreatedKey: {
            /** @description The visible part of the key, and its ID */
            readonly prefix: string;
            readonly name: string;
            /** @enum {string} */
            readonly role: "viewer" | "operator" | "admin";
            readonly scope: {
                /** @description Names of configured accounts, with *; an empty name is the account of the worker’s own credentials. Absent: an admin may use all accounts, another role only that of the worker’s own credentials */
                readonly accounts?: readonly string[];
                /**
                 * @description Regions, such as cn-*; empty: all
                 * @default []
                 */
                readonly regions: readonly string[];
                /**
                 * @description Buckets, such as team-a-*, also those of sources in OSS; empty: all
                 * @default []
                 */
                readonly buckets: readonly string[];
                /**
                 * @description Tags that an import must have: one of the values of each key; empty: any
                 * @default []
                 */
                readonly tags: readonly {
                    readonly key: string;
                    /** @description With * */
                    readonly value: string;
                }[];
                /**
                 * @description Folders and addresses below which sources are; * stands for a part of a name; empty: all
                 * @default []
                 */
                readonly sourceRoots: readonly string[];
            };
            /** @enum {string} */
            readonly state: "active" | "expired" | "revoked";
            /** Format: date-time */
            readonly createdAt: string;
            /** @description ID of the identity */
            readonly createdBy: string;
            readonly revokedAt: string | null;
            readonly revokedBy: string | null;
            /** @description The newest first; after a rotation, the earlier one is valid until it expires */
            readonly secrets: readonly {
                /** Format: date-time */
                readonly createdAt: string;
                readonly expiresAt: string | null;
                readonly lastUsedAt: string | null;
            }[];
            /** @description The key, which is sent as Authorization: Bearer KEY. It is not shown again */
            readonly key: string;
        };
        readonly KeyList: {
            readonly keys: readonly components["schemas"]["Key"][];
            readonly nextCursor: string | null;
        };
        readonly BatchFile: {
            /** @description The same name and file return the same batch */
            readonly name?: string;
            readonly policy?: {
                /**
                 * @description Maximum of concurrent imports
                 * @default 50
                 */
                readonly concurrency?: number;
                /**
                 * @description Maximum of concurrent imports in one region
                 * @default null
                 */
                readonly perRegion?: number | null;
                /**
                 * @description Maximum of concurrent imports from one bucket
                 * @default null
                 */
                readonly perBucket?: number | null;
                /**
                 * @description Sizes of the first waves; 5 means [5]
                 * @default []
                 */
                readonly canary?: readonly number[];
                /**
                 * @description Failures after which no new imports start: a number, or a percentage of all items
                 * @default null
                 */
                readonly errorBudget?: (number | string) | null;
                /**
                 * @description Imports that must have ended before errorBudget counts
                 * @default 0
                 */
                readonly errorBudgetAfter?: number;
                /**
                 * @description Imports in attention after which no new imports start
                 * @default null
                 */
                readonly attentionBudget?: number | null;
                /**
                 * @description Imports start only in this time window: 20:00-06:00 Asia/Shanghai
                 * @default null
                 */
                readonly schedule?: string | null;
                /**
                 * @default listed
                 * @enum {string}
                 */
                readonly order?: "listed" | "shuffled";
                /**
                 * @description Lower values start first; a single import has 3
                 * @default 4
                 */
                readonly priority?: number;
                /**
                 * @description Share relative to other batches of the same priority
                 * @default 1
                 */
                readonly weight?: number;
                /**
                 * @description Maximum of custom images in a region, for all regions or per region
                 * @default null
                 */
                readonly imageQuota?: (number | {
                    readonly [key: string]: number;
                }) | null;
                /**
                 * @description Check regions, buckets, roles and quotas of all items before the first import starts
                 * @default true
                 */
                readonly checkFirst?: boolean;
            };
            /** @description Default fields of every item */
            readonly defaults?: {
                readonly [key: string]: unknown;
            };
            /** @description Requests. A field may be absent if `defaults` has it */
            readonly items: readonly {
                /**
                 * @description Name of the account that the import works in, from the operator’s configuration; absent: the account of the worker’s own credentials
                 * @example production
                 */
                readonly account?: string;
                /**
                 * @description Region ID
                 * @example cn-hangzhou
                 */
                readonly region?: string;
                /**
                 * @description A letter or Chinese character, then letters, digits and . : _ -; not starting with aliyun or acs:; unique in the region
                 * @example web-01
                 */
                readonly imageName?: string;
                /** @description Not starting with http:// or https:// */
                readonly description?: string;
                /**
                 * @description Absent: detected from the image, else x86_64
                 * @enum {string}
                 */
                readonly architecture?: "i386" | "x86_64" | "arm64";
                /**
                 * @description Absent: derived from the platform or detected from the image, else linux
                 * @enum {string}
                 */
                readonly osType?: "windows" | "linux";
                /**
                 * @description Absent: detected from the image, else Others Linux
                 * @enum {string}
                 */
                readonly platform?: "Aliyun" | "Anolis" | "CentOS" | "Ubuntu" | "CoreOS" | "SUSE" | "Debian" | "OpenSUSE" | "FreeBSD" | "RedHat" | "Kylin" | "UOS" | "Fedora" | "Fedora CoreOS" | "CentOS Stream" | "AlmaLinux" | "Rocky Linux" | "Gentoo" | "Customized Linux" | "Others Linux" | "Windows Server 2022" | "Windows Server 2019" | "Windows Server 2016" | "Windows Server 2012" | "Windows Server 2008" | "Windows Server 2003" | "Other Windows";
                /**
                 * @description Absent: detected from the image, else BIOS; arm64 requires UEFI. UEFI-Preferred: for disks that boot both ways
                 * @enum {string}
                 */
                readonly bootMode?: "BIOS" | "UEFI" | "UEFI-Preferred";
                /**
                 * @description Required for Windows; without effect on Linux
                 * @enum {string}
                 */
                readonly licenseType?: "Auto" | "Aliyun" | "BYOL";
                /**
                 * @description Resource group of the image
                 * @example rg-bp67acfmxazb4p
                 */
                readonly resourceGroupId?: string;
                /** @description Name of the RAM role that ECS reads the bucket with; absent: the vendor’s default role */
                readonly roleName?: string;
                /**
                 * @description ARN of the CloudBox whose OSS contains the image; only for imports from a CloudBox
                 * @example arn:acs:cloudbox:cn-hangzhou:123456:cloudbox/cb-xx123
                 */
                readonly storageLocationArn?: string;
                /** @description The system disk first, then up to 16 data disks */
                readonly disks?: readonly {
                    /**
                     * @description file:///path (or file://HOST/path), https://…, http://… or oss://bucket/key
                     * @example file:///images/web-01.qcow2
                     */
                    readonly source: string;
                    /**
                     * @description Absent: detected from the content. VMDK requires that the vendor allows it for the account
                     * @enum {string}
                     */
                    readonly format?: "RAW" | "VHD" | "QCOW2" | "VMDK";
                    /** @description GiB; absent: the image’s virtual size, rounded up */
                    readonly diskImageSize?: number;
                    /** @description Expected SHA-256 of the source */
                    readonly sha256?: string;
                    /**
                     * @description Name of a credential in the worker’s configuration, which it sends to the server of a web source
                     * @example mirror-a
                     */
                    readonly credential?: string;
                }[];
                /**
                 * @description Tags of the image, key to value; keys are case-insensitive
                 * @default {}
                 */
                readonly tags?: {
                    readonly [key: string]: string;
                };
                /** @description Features of instances created from the image */
                readonly features?: {
                    /**
                     * @description Absent: detected from the image, else unsupported
                     * @enum {string}
                     */
                    readonly nvmeSupport?: "supported" | "unsupported";
                    /**
                     * @description Absent: v1. v2: instances may require the hardened mode of the metadata service
                     * @enum {string}
                     */
                    readonly imdsSupport?: "v1" | "v2";
                };
                /**
                 * @description Where and in which format disks are uploaded
                 * @default {}
                 */
                readonly upload?: {
                    /** @description The bucket that disks are uploaded to, in the import’s region; optional if all disks are oss:// objects */
                    readonly bucket?: string;
                    /**
                     * @description Key prefix of uploaded objects
                     * @default imports/
                     */
                    readonly prefix?: string;
                    /**
                     * @description auto: if the format requires it
                     * @default auto
                     * @enum {string}
                     */
                    readonly convert?: "auto" | "never" | "qcow2";
                    /**
                     * @description free-space: blocks that the file systems of the disk mark as free, and the contents of swap space, are not sent. none (the default): everything is sent
                     * @enum {string}
                     */
                    readonly trim?: "none" | "free-space";
                    /**
                     * @description Keep the uploaded object after the import
                     * @default false
                     */
                    readonly keepObject?: boolean;
                    /**
                     * @description The endpoint of OSS that disks are uploaded to. auto (the default): as the operator configured, else internal if the worker runs on ECS in the region, else public. accelerate requires transfer acceleration of the bucket
                     * @enum {string}
                     */
                    readonly endpoint?: "auto" | "public" | "internal" | "accelerate";
                };
                /**
                 * @description ensure: create or complete the RAM role that ECS reads the bucket with; verify: check it only; skip: do neither
                 * @default ensure
                 * @enum {string}
                 */
                readonly role?: "ensure" | "verify" | "skip";
                /**
                 * @description The cloud’s check of the image after the import
                 * @default {}
                 */
                readonly detection?: {
                    /**
                     * @description none: the cloud does not check the image
                     * @default Standard
                     * @enum {string}
                     */
                    readonly strategy?: "Standard" | "none";
                    /**
                     * @description Wait for the cloud’s detection before the import is done
                     * @default true
                     */
                    readonly wait?: boolean;
                    /**
                     * @description The lowest severity that fails the import
                     * @default blocking
                     * @enum {string}
                     */
                    readonly failOn?: "blocking" | "warning" | "never";
                };
                /** @description Our inspection of the image before the upload */
                readonly inspection?: {
                    /**
                     * @description The lowest severity of inspection findings that stops the import before the upload; absent: blocking, or never if detection.failOn is never
                     * @enum {string}
                     */
                    readonly failOn?: "blocking" | "warning" | "never";
                    /** @description Boot the image in a virtual machine before the upload and wait for a login prompt; takes minutes */
                    readonly bootCheck?: boolean;
                };
                /**
                 * @description Copies and sharing of the image after detection
                 * @default {}
                 */
                readonly distribute?: {
                    /**
                     * @description Regions that the image is copied to
                     * @default []
                     */
                    readonly regions?: readonly string[];
                    /**
                     * @description Accounts that the image is shared with
                     * @default []
                     */
                    readonly shareWith?: readonly string[];
                    /** @description Region to the ID of the resource share that the image or copy there is added to; its targets are a resource directory, folders or members */
                    readonly resourceShares?: {
                        readonly [key: string]: string;
                    };
                    /** @description Encrypt the copies; absent: the account’s setting for their region decides */
                    readonly encrypt?: boolean;
                    /** @description Region to the ID of the key (KMS) that encrypts the copy there; without a key, an encrypted copy has the service key of ECS and cannot be shared */
                    readonly kmsKeyId?: {
                        readonly [key: string]: string;
                    };
                };
                /**
                 * @description Stop after preflight, without uploading or creating anything
                 * @default false
                 */
                readonly dryRun?: boolean;
                /** @description 1: first, 9: last; default 5 */
                readonly priority?: number;
            }[];
        };
        readonly Policy: {
            /**
             * @description Maximum of concurrent imports
             * @default 50
             */
            readonly concurrency: number;
            /**
             * @description Maximum of concurrent imports in one region
             * @default null
             */
            readonly perRegion: number | null;
            /**
             * @description Maximum of concurrent imports from one bucket
             * @default null
             */
            readonly perBucket: number | null;
            /**
             * @description Sizes of the first waves; 5 means [5]
             * @default []
             */
            readonly canary: readonly number[];
            /**
             * @description Failures after which no new imports start: a number, or a percentage of all items
             * @default null
             */
            readonly errorBudget: (number | string) | null;
            /**
             * @description Imports that must have ended before errorBudget counts
             * @default 0
             */
            readonly errorBudgetAfter: number;
            /**
             * @description Imports in attention after which no new imports start
             * @default null
             */
            readonly attentionBudget: number | null;
            /**
             * @description Imports start only in this time window: 20:00-06:00 Asia/Shanghai
             * @default null
             */
            readonly schedule: string | null;
            /**
             * @default listed
             * @enum {string}
             */
            readonly order: "listed" | "shuffled";
            /**
             * @description Lower values start first; a single import has 3
             * @default 4
             */
            readonly priority: number;
            /**
             * @description Share relative to other batches of the same priority
             * @default 1
             */
            readonly weight: number;
            /**
             * @description Maximum of custom images in a region, for all regions or per region
             * @default null
             */
            readonly imageQuota: (number | {
                readonly [key: string]: number;
            }) | null;
            /**
             * @description Check regions, buckets, roles and quotas of all items before the first import starts
             * @default true
             */
            readonly checkFirst: boolean;
        };
        readonly Batch: {
            readonly id: string;
            readonly name: string;
            /** @enum {string} */
            readonly state: "running" | "paused" | "attention" | "cancelling" | "succeeded" | "failed" | "cancelled";
            readonly policy: components["schemas"]["Policy"];
            /** @description Why the batch starts no more imports until it is resumed */
            readonly attention: {
                readonly code: string;
                readonly message: string;
                readonly remedy: string;
            } | null;
            /** @description What the batch is waiting for; no action is required */
            readonly waitsFor: {
                readonly code: string;
                readonly message: string;
                readonly remedy: string;
            } | null;
            readonly counts: {
                readonly total: number;
                readonly invalid: number;
                readonly waiting: number;
                readonly running: number;
                readonly attention: number;
                readonly succeeded: number;
                readonly failed: number;
                readonly cancelled: number;
            };
            /** @description Running imports by phase */
            readonly phases: {
                readonly [key: string]: number;
            };
            readonly importsPerMinute: number | null;
            readonly etaSeconds: number | null;
            readonly estimate: {
                readonly uploadedBytes: number;
                readonly expectedUploadBytes: number | null;
                readonly imageGiB: number;
                readonly expectedImageGiB: number | null;
                readonly expectedCopyGiB: number | null;
                readonly cost: {
                    readonly currency: string;
                    readonly storagePerMonth: number;
                    readonly traffic: number;
                } | null;
            };
            readonly failures: readonly {
                readonly code: string;
                readonly count: number;
                /** @description The message of one of these imports */
                readonly message: string;
                readonly remedy: string;
                /** @description Import IDs */
                readonly examples: readonly string[];
            }[];
            readonly attentions: readonly {
                readonly code: string;
                readonly count: number;
                /** @description The message of one of these imports */
                readonly message: string;
                readonly remedy: string;
                /** @description Import IDs */
                readonly examples: readonly string[];
            }[];
            /** @description Who created it: the identity, and what the client states */
            readonly createdBy: {
                readonly client: string | null;
                readonly user: string | null;
                readonly identity: string | null;
            } | null;
            /** Format: date-time */
            readonly createdAt: string;
            /** Format: date-time */
            readonly updatedAt: string;
            readonly endedAt: string | null;
        };
        readonly CreatedBatch: {
            readonly id: string;
            readonly name: string;
            /** @enum {string} */
            readonly state: "running" | "paused" | "attention" | "cancelling" | "succeeded" | "failed" | "cancelled";
            readonly policy: components["schemas"]["Policy"];
            /** @description Why the batch starts no more imports until it is resumed */
            readonly attention: {
                readonly code: string;
                readonly message: string;
                readonly remedy: string;
            } | null;
            /** @description What the batch is waiting for; no action is required */
            readonly waitsFor: {
                readonly code: string;
                readonly message: string;
                readonly remedy: string;
            } | null;
            readonly counts: {
                readonly total: number;
                readonly invalid: number;
                readonly waiting: number;
                readonly running: number;
                readonly attention: number;
                readonly succeeded: number;
                readonly failed: number;
                readonly cancelled: number;
            };
            /** @description Running imports by phase */
            readonly phases: {
                readonly [key: string]: number;
            };
            readonly importsPerMinute: number | null;
            readonly etaSeconds: number | null;
            readonly estimate: {
                readonly uploadedBytes: number;
                readonly expectedUploadBytes: number | null;
                readonly imageGiB: number;
                readonly expectedImageGiB: number | null;
                readonly expectedCopyGiB: number | null;
                readonly cost: {
                    readonly currency: string;
                    readonly storagePerMonth: number;
                    readonly traffic: number;
                } | null;
            };
            readonly failures: readonly {
                readonly code: string;
                readonly count: number;
                /** @description The message of one of these imports */
                readonly message: string;
                readonly remedy: string;
                /** @description Import IDs */
                readonly examples: readonly string[];
            }[];
            readonly attentions: readonly {
                readonly code: string;
                readonly count: number;
                /** @description The message of one of these imports */
                readonly message: string;
                readonly remedy: string;
                /** @description Import IDs */
                readonly examples: readonly string[];
            }[];
            /** @description Who created it: the identity, and what the client states */
            readonly createdBy: {
                readonly client: string | null;
                readonly user: string | null;
                readonly identity: string | null;
            } | null;
            /** Format: date-time */
            readonly createdAt: string;
            /** Format: date-time */
            readonly updatedAt: string;
            readonly endedAt: string | null;
            /** @description With skipInvalid: the invalid items, at most a thousand */
            readonly skippedItems?: readonly {
                readonly item: number;
                readonly line: number;
                readonly imageName: string | null;
                readonly problems: readonly {
                    /** @description The field in the request: disks[0].diskImageSize */
                    readonly path: string;
                    readonly rule: string;
                    readonly given: string | null;
                    readonly message: string;
                    /** @description The error code that the cloud would return */
                    readonly vendorCode: string | null;
                }[];
            }[];
        };
        readonly RetriedBatch: {
            readonly id: string;
            readonly name: string;
            /** @enum {string} */
            readonly state: "running" | "paused" | "attention" | "cancelling" | "succeeded" | "failed" | "cancelled";
            readonly policy: components["schemas"]["Policy"];
            /** @description Why the batch starts no more imports until it is resumed */
            readonly attention: {
                readonly code: string;
                readonly message: string;
                readonly remedy: string;
            } | null;
            /** @description What the batch is waiting for; no action is required */
            readonly waitsFor: {
                readonly code: string;
                readonly message: string;
                readonly remedy: string;
            } | null;
            readonly counts: {
                readonly total: number;
                readonly invalid: number;
                readonly waiting: number;
                readonly running: number;
                readonly attention: number;
                readonly succeeded: number;
                readonly failed: number;
                readonly cancelled: number;
            };
            /** @description Running imports by phase */
            readonly phases: {
                readonly [key: string]: number;
            };
            readonly importsPerMinute: number | null;
            readonly etaSeconds: number | null;
            readonly estimate: {
                readonly uploadedBytes: number;
                readonly expectedUploadBytes: number | null;
                readonly imageGiB: number;
                readonly expectedImageGiB: number | null;
                readonly expectedCopyGiB: number | null;
                readonly cost: {
                    readonly currency: string;
                    readonly storagePerMonth: number;
                    readonly traffic: number;
                } | null;
            };
            readonly failures: readonly {
                readonly code: string;
                readonly count: number;
                /** @description The message of one of these imports */
                readonly message: string;
                readonly remedy: string;
                /** @description Import IDs */
                readonly examples: readonly string[];
            }[];
            readonly attentions: readonly {
                readonly code: string;
                readonly count: number;
                /** @description The message of one of these imports */
                readonly message: string;
                readonly remedy: string;
                /** @description Import IDs */
                readonly examples: readonly string[];
            }[];
            /** @description Who created it: the identity, and what the client states */
            readonly createdBy: {
                readonly client: string | null;
                readonly user: string | null;
                readonly identity: string | null;
            } | null;
            /** Format: date-time */
            readonly createdAt: string;
            /** Format: date-time */
            readonly updatedAt: string;
            readonly endedAt: string | null;
            /** @description How many items are retried */
            readonly retried: number;
        };
        readonly BatchReport: {
            readonly id: string;
            readonly name: string;
            /** @enum {string} */
            readonly state: "running" | "paused" | "attention" | "cancelling" | "succeeded" | "failed" | "cancelled";
            readonly policy: components["schemas"]["Policy"];
            /** @description Why the batch starts no more imports until it is resumed */
            readonly attention: {
                readonly code: string;
                readonly message: string;
                readonly remedy: string;
            } | null;
            /** @description What the batch is waiting for; no action is required */
            readonly waitsFor: {
                readonly code: string;
                readonly message: string;
                readonly remedy: string;
            } | null;
            readonly counts: {
                readonly total: number;
                readonly invalid: number;
                readonly waiting: number;
                readonly running: number;
                readonly attention: number;
                readonly succeeded: number;
                readonly failed: number;
                readonly cancelled: number;
            };
            /** @description Running imports by phase */
            readonly phases: {
                readonly [key: string]: number;
            };
            readonly importsPerMinute: number | null;
            readonly etaSeconds: number | null;
            readonly estimate: {
                readonly uploadedBytes: number;
                readonly expectedUploadBytes: number | null;
                readonly imageGiB: number;
                readonly expectedImageGiB: number | null;
                readonly expectedCopyGiB: number | null;
                readonly cost: {
                    readonly currency: string;
                    readonly storagePerMonth: number;
                    readonly traffic: number;
                } | null;
            };
            readonly failures: readonly {
                readonly code: string;
                readonly count: number;
                /** @description The message of one of these imports */
                readonly message: string;
                readonly remedy: string;
                /** @description Import IDs */
                readonly examples: readonly string[];
            }[];
            readonly attentions: readonly {
                readonly code: string;
                readonly count: number;
                /** @description The message of one of these imports */
                readonly message: string;
                readonly remedy: string;
                /** @description Import IDs */
                readonly examples: readonly string[];
            }[];
            /** @description Who created it: the identity, and what the client states */
            readonly createdBy: {
                readonly client: string | null;
                readonly user: string | null;
                readonly identity: string | null;
            } | null;
            /** Format: date-time */
            readonly createdAt: string;
            /** Format: date-time */
            readonly updatedAt: string;
            readonly endedAt: string | null;
            readonly items: readonly {
                readonly item: number;
                readonly line: number;
                /** @enum {string} */
                readonly state: "invalid" | "waiting" | "started" | "succeeded" | "failed" | "cancelled";
                readonly account: string | null;
                readonly region: string;
                readonly imageName: string;
                readonly attempt: number;
                readonly importId: string | null;
                readonly phase: ("accepted" | "preflight" | "role" | "upload" | "import" | "detection" | "distribution" | "cleanup" | "done") | null;
                readonly imageId: string | null;
                readonly code: string | null;
                readonly message: string | null;
                readonly remedy: string | null;
                readonly startedAt: string | null;
                readonly endedAt: string | null;
            }[];
        };
        readonly BatchPolicy: {
            /**
             * @description Maximum of concurrent imports
             * @default 50
             */
            readonly concurrency?: number;
            /**
             * @description Maximum of concurrent imports in one region
             * @default null
             */
            readonly perRegion?: number | null;
            /**
             * @description Maximum of concurrent imports from one bucket
             * @default null
             */
            readonly perBucket?: number | null;
            /**
             * @description Sizes of the first waves; 5 means [5]
             * @default []
             */
            readonly canary?: readonly number[];
            /**
             * @description Failures after which no new imports start: a number, or a percentage of all items
             * @default null
             */
            readonly errorBudget?: (number | string) | null;
            /**
             * @description Imports that must have ended before errorBudget counts
             * @default 0
             */
            readonly errorBudgetAfter?: number;
            /**
             * @description Imports in attention after which no new imports start
             * @default null
             */
            readonly attentionBudget?: number | null;
            /**
             * @description Imports start only in this time window: 20:00-06:00 Asia/Shanghai
             * @default null
             */
            readonly schedule?: string | null;
            /**
             * @default listed
             * @enum {string}
             */
            readonly order?: "listed" | "shuffled";
            /**
             * @description Lower values start first; a single import has 3
             * @default 4
             */
            readonly priority?: number;
            /**
             * @description Share relative to other batches of the same priority
             * @default 1
             */
            readonly weight?: number;
            /**
             * @description Maximum of custom images in a region, for all regions or per region
             * @default null
             */
            readonly imageQuota?: (number | {
                readonly [key: string]: number;
            }) | null;
            /**
             * @description Check regions, buckets, roles and quotas of all items before the first import starts
             * @default true
             */
            readonly checkFirst?: boolean;
        };
        readonly BatchList: {
            readonly batches: readonly {
                readonly id: string;
                readonly name: string;
                /** @enum {string} */
                readonly state: "running" | "paused" | "attention" | "cancelling" | "succeeded" | "failed" | "cancelled";
                /** Format: date-time */
                readonly createdAt: string;
                /** Format: date-time */
                readonly updatedAt: string;
                readonly endedAt: string | null;
                readonly items: number;
                readonly ended: number;
            }[];
            readonly nextCursor: string | null;
        };
        readonly BatchItemList: {
            readonly items: readonly {
                readonly item: number;
                readonly line: number;
                /** @enum {string} */
                readonly state: "invalid" | "waiting" | "started" | "succeeded" | "failed" | "cancelled";
                readonly account: string | null;
                readonly region: string;
                readonly imageName: string;
                readonly attempt: number;
                readonly importId: string | null;
                readonly phase: ("accepted" | "preflight" | "role" | "upload" | "import" | "detection" | "distribution" | "cleanup" | "done") | null;
                readonly imageId: string | null;
                readonly code: string | null;
                readonly message: string | null;
                readonly remedy: string | null;
                readonly startedAt: string | null;
                readonly endedAt: string | null;
            }[];
            readonly nextCursor: string | null;
        };
        readonly BatchResume: {
            /** @description Resumes the imports that stopped with this code, or "all" of them; absent: resumes the batch */
            readonly cause?: string;
            /** @description Fields to change in their requests first */
            readonly set?: {
                readonly [key: string]: unknown;
            };
        };
        readonly BatchPause: Record<string, never>;
        readonly BatchCancel: {
            /**
             * @description Whether running imports are cancelled or finish
             * @default cancel
             * @enum {string}
             */
            readonly running?: "cancel" | "finish";
        };
        readonly BatchRetry: {
            /**
             * @description Also retries cancelled items
             * @default false
             */
            readonly cancelled?: boolean;
            /** @description Image names of the items; absent: all failed ones */
            readonly items?: readonly string[];
            /** @description Fields of their requests to change first, path to value; null removes a field. For up to 10,000 items */
            readonly set?: {
                readonly [key: string]: unknown;
            };
        };
        readonly WebhookCreate: {
            /** @description https://…; http://… only for networks that the operator allows */
            readonly url: string;
            /**
             * @description Events, or import.*, batch.* or * for all of them
             * @default [
             *       "*"
             *     ]
             */
            readonly events?: readonly ("*" | "import.*" | "batch.*" | "import.succeeded" | "import.failed" | "import.cancelled" | "import.attention" | "batch.succeeded" | "batch.failed" | "batch.cancelled" | "batch.attention")[];
            /** @default  */
            readonly description?: string;
        };
        readonly Webhook: {
            readonly id: string;
            readonly url: string;
            readonly description: string;
            readonly events: readonly string[];
            /**
             * @description disabled: nothing is sent
             * @enum {string}
             */
            readonly state: "enabled" | "failing" | "disabled";
            /** @description Why it is disabled; null: it is not */
            readonly disabled: {
                readonly reason: string;
                /** Format: date-time */
                readonly since: string;
            } | null;
            readonly failingSince: string | null;
            readonly lastSuccessAt: string | null;
            /** @description Until when the previous secret also signs */
            readonly previousSecretUntil: string | null;
            /** @description It gets the events that this user may see */
            readonly createdBy: {
                readonly id: string;
                readonly name: string;
            };
            /** Format: date-time */
            readonly createdAt: string;
        };
        readonly WebhookList: {
            readonly webhooks: readonly components["schemas"]["Webhook"][];
        };
        readonly WebhookWithSecret: {
            readonly id: string;
            readonly url: string;
            readonly description: string;
            readonly events: readonly string[];
            /**
             * @description disabled: nothing is sent
             * @enum {string}
             */
            readonly state: "enabled" | "failing" | "disabled";
            /** @description Why it is disabled; null: it is not */
            readonly disabled: {
                readonly reason: string;
                /** Format: date-time */
                readonly since: string;
            } | null;
            readonly failingSince: string | null;
            readonly lastSuccessAt: string | null;
            /** @description Until when the previous secret also signs */
            readonly previousSecretUntil: string | null;
            /** @description It gets the events that this user may see */
            readonly createdBy: {
                readonly id: string;
                readonly name: string;
            };
            /** Format: date-time */
            readonly createdAt: string;
            /** @description whsec_…; shown only in this answer */
            readonly secret: string;
        };
        readonly WebhookRotate: {
            /**
             * @description How long the previous secret also signs
             * @default 24
             */
            readonly overlapHours?: number;
        };
        readonly WebhookAction: Record<string, never>;
        readonly WebhookRedeliver: {
            /** @description Absent: all dead deliveries */
            readonly delivery?: string;
            /**
             * Format: date-time
             * @description Only dead deliveries that were created since
             */
            readonly since?: string;
        };
        readonly WebhookRedelivered: {
            /** @description The number of deliveries that are attempted again */
            readonly redelivered: number;
        };
        readonly WebhookDelivery: {
            /** @description The header webhook-id: the same in every attempt */
            readonly id: string;
            readonly type: string;
            /**
             * @description dead: not attempted again, unless requested
             * @enum {string}
             */
            readonly state: "pending" | "delivered" | "dead";
            readonly attempts: number;
            readonly nextAttemptAt: string | null;
            /** @description The latest attempts, the newest first */
            readonly log: readonly {
                readonly attempt: number;
                /** Format: date-time */
                readonly at: string;
                readonly durationMs: number;
                /** @description Of the answer; null: there was none */
                readonly status: number | null;
                /** @description null: it succeeded */
                readonly error: string | null;
                /** @description The beginning of the answer */
                readonly answer: string;
            }[];
            /** Format: date-time */
            readonly createdAt: string;
            readonly endedAt: string | null;
        };
        readonly WebhookDeliveryList: {
            readonly deliveries: readonly components["schemas"]["WebhookDelivery"][];
            readonly nextCursor: string | null;
        };
    };
    responses: {
        /** @description A field or parameter is unknown or invalid; errors[] lists all of them */
        readonly Invalid: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:ecs-image-import:problem:Request.Invalid",
                 *       "title": "The request is not valid",
                 *       "status": 400,
                 *       "detail": "statee is not a query parameter of this route; did you mean state?",
                 *       "code": "Request.Invalid",
                 *       "remedy": "Fix the fields in errors[]. Nothing was changed."
                 *     }
                 */
                readonly "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The request has no identity */
        readonly Unauthorized: {
            headers: {
                /** @description The accepted scheme: Bearer */
                readonly "WWW-Authenticate": string;
                readonly [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:ecs-image-import:problem:Api.Unauthorized",
                 *       "title": "Not authorized",
                 *       "status": 401,
                 *       "detail": "the request has no credential, or one that is unknown, expired or revoked",
                 *       "code": "Api.Unauthorized",
                 *       "remedy": "Send Authorization: Bearer with a token of the API."
                 *     }
                 */
                readonly "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The role or the scope of the identity does not allow it, the request comes from a page of another origin, or it was sent to a host name that is not one of this API */
        readonly Forbidden: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:ecs-image-import:problem:Api.CrossOrigin",
                 *       "title": "The request comes from a page of another origin",
                 *       "status": 403,
                 *       "detail": "a page of another origin (https://example.com) may not change anything here",
                 *       "code": "Api.CrossOrigin",
                 *       "remedy": "Use the command line or a program."
                 *     }
                 */
                readonly "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body did not arrive in time */
        readonly BodyTimeout: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:ecs-image-import:problem:Request.Timeout",
                 *       "title": "The body did not arrive in time",
                 *       "status": 408,
                 *       "detail": "the body did not arrive in time: after 100 bytes, nothing for 10 s",
                 *       "code": "Request.Timeout",
                 *       "remedy": "Check the connection and send the request again. Nothing was changed."
                 *     }
                 */
                readonly "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The record has ended longer ago than it is kept, and was deleted */
        readonly Deleted: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:ecs-image-import:problem:Import.Deleted",
                 *       "title": "The import was deleted",
                 *       "status": 410,
                 *       "detail": "import imp-1 is not in the record: it ended longer ago than the record keeps imports, and was deleted",
                 *       "code": "Import.Deleted",
                 *       "remedy": "Search for imp-1 in the exported files in ECS_IMPORT_EXPORT_DIR of the API."
                 *     }
                 */
                readonly "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body is too large */
        readonly TooLarge: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:ecs-image-import:problem:Request.TooLarge",
                 *       "title": "The body is too large",
                 *       "status": 413,
                 *       "detail": "the body is larger than 1048576 bytes",
                 *       "code": "Request.TooLarge",
                 *       "remedy": "Send one import per request."
                 *     }
                 */
                readonly "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The content type is not one of this route */
        readonly NotJson: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:ecs-image-import:problem:Request.NotJson",
                 *       "title": "The body must be JSON",
                 *       "status": 415,
                 *       "detail": "the content type is not application/json",
                 *       "code": "Request.NotJson",
                 *       "remedy": "Send Content-Type: application/json."
                 *     }
                 */
                readonly "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The identity or the address sends too many requests, or the address has sent too many wrong credentials */
        readonly TooManyRequests: {
            headers: {
                /** @description Seconds until the next attempt */
                readonly "Retry-After"?: number;
                readonly [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:ecs-image-import:problem:Api.TooManyRequests",
                 *       "title": "Too many requests",
                 *       "status": 429,
                 *       "detail": "address 192.0.2.7 sends too many requests",
                 *       "code": "Api.TooManyRequests",
                 *       "remedy": "Send the request again in 1 s, and fewer at a time."
                 *     }
                 */
                readonly "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description A bug of the service */
        readonly Unexpected: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:ecs-image-import:problem:Internal.Unexpected",
                 *       "title": "Unexpected error",
                 *       "status": 500,
                 *       "detail": "the request failed because of an unexpected error",
                 *       "code": "Internal.Unexpected",
                 *       "remedy": "Check the log of the API."
                 *     }
                 */
                readonly "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description PostgreSQL, Temporal or a worker cannot be reached; Retry-After may say when to send the request again */
        readonly Unavailable: {
            headers: {
                /** @description Seconds until the next attempt */
                readonly "Retry-After"?: number;
                readonly [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:ecs-image-import:problem:Service.Unavailable",
                 *       "title": "A required server cannot be reached",
                 *       "status": 503,
                 *       "detail": "PostgreSQL or Temporal cannot be reached",
                 *       "code": "Service.Unavailable",
                 *       "remedy": "Check GET /readyz to see which one, and send the request again later."
                 *     }
                 */
                readonly "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    readonly createSignInCode: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The code. The link is the address of the page with `#sign-in=CODE` */
            readonly 201: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "d2hhdCBhIHNlY3JldCBsb29rcyBsaWtl",
                     *       "expiresAt": "2026-11-01T20:04:10.000Z"
                     *     }
                     */
                    readonly "application/json": components["schemas"]["SignInCode"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The sender has no key that a session can end with */
            readonly 409: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.Conflict",
                     *       "title": "The state of the import does not allow this operation",
                     *       "status": 409,
                     *       "detail": "import imp-1 is in state running and cannot be resumed",
                     *       "code": "Import.Conflict",
                     *       "remedy": "Resume only imports in state attention, and only once for each stop."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly getSession: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The identity */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "identity": {
                     *         "id": "key:k7f3",
                     *         "name": "ada",
                     *         "role": "operator",
                     *         "scope": {
                     *           "regions": [
                     *             "cn-*"
                     *           ],
                     *           "buckets": [],
                     *           "tags": [
                     *             {
                     *               "key": "team",
                     *               "value": "web"
                     *             }
                     *           ],
                     *           "sourceRoots": []
                     *         }
                     *       },
                     *       "expiresAt": "2026-11-01T20:04:10.000Z"
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Session"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly signIn: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "code": "d2hhdCBhIHNlY3JldCBsb29rcyBsaWtl"
                 *     }
                 */
                readonly "application/json": components["schemas"]["SignIn"];
            };
        };
        readonly responses: {
            /** @description The session; the cookie is in Set-Cookie */
            readonly 201: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "token": "d2hhdCBhIHNlY3JldCBsb29rcyBsaWtl",
                     *       "expiresAt": "2026-11-01T20:04:10.000Z",
                     *       "identity": {
                     *         "id": "key:k7f3",
                     *         "name": "ada",
                     *         "role": "operator",
                     *         "scope": {
                     *           "regions": [
                     *             "cn-*"
                     *           ],
                     *           "buckets": [],
                     *           "tags": [
                     *             {
                     *               "key": "team",
                     *               "value": "web"
                     *             }
                     *           ],
                     *           "sourceRoots": []
                     *         }
                     *       }
                     *     }
                     */
                    readonly "application/json": components["schemas"]["StartedSession"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            /** @description The code is unknown, was used, or has expired */
            readonly 401: {
                headers: {
                    /** @description The accepted scheme: Bearer */
                    readonly "WWW-Authenticate": string;
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Api.Unauthorized",
                     *       "title": "Not authorized",
                     *       "status": 401,
                     *       "detail": "the request has no credential, or one that is unknown, expired or revoked",
                     *       "code": "Api.Unauthorized",
                     *       "remedy": "Send Authorization: Bearer with a token of the API."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 403: components["responses"]["Forbidden"];
            readonly 408: components["responses"]["BodyTimeout"];
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["NotJson"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly signOut: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The identity whose session has ended */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "identity": {
                     *         "id": "key:k7f3",
                     *         "name": "ada",
                     *         "role": "operator",
                     *         "scope": {
                     *           "regions": [
                     *             "cn-*"
                     *           ],
                     *           "buckets": [],
                     *           "tags": [
                     *             {
                     *               "key": "team",
                     *               "value": "web"
                     *             }
                     *           ],
                     *           "sourceRoots": []
                     *         }
                     *       },
                     *       "expiresAt": "2026-11-01T20:04:10.000Z"
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Session"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly healthz: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description It is alive */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok"
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Health"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly livez: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description It is alive */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok"
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Health"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly readyz: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description All can be reached */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ready",
                     *       "checks": [
                     *         {
                     *           "name": "postgresql",
                     *           "ok": true,
                     *           "message": "ok"
                     *         }
                     *       ],
                     *       "parts": [
                     *         {
                     *           "name": "worker",
                     *           "pid": 4711,
                     *           "state": "ready",
                     *           "restarts": 0,
                     *           "address": null
                     *         }
                     *       ],
                     *       "workers": [
                     *         {
                     *           "host": "build-1",
                     *           "identity": "4711@build-1",
                     *           "alive": true,
                     *           "startedAt": "2026-11-01T20:00:00.000Z",
                     *           "seenAt": "2026-11-01T20:04:10.000Z"
                     *         }
                     *       ]
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Readiness"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            /** @description Some cannot be reached */
            readonly 503: {
                headers: {
                    /** @description Seconds until the next attempt */
                    readonly "Retry-After"?: number;
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ready",
                     *       "checks": [
                     *         {
                     *           "name": "postgresql",
                     *           "ok": true,
                     *           "message": "ok"
                     *         }
                     *       ],
                     *       "parts": [
                     *         {
                     *           "name": "worker",
                     *           "pid": 4711,
                     *           "state": "ready",
                     *           "restarts": 0,
                     *           "address": null
                     *         }
                     *       ],
                     *       "workers": [
                     *         {
                     *           "host": "build-1",
                     *           "identity": "4711@build-1",
                     *           "alive": true,
                     *           "startedAt": "2026-11-01T20:00:00.000Z",
                     *           "seenAt": "2026-11-01T20:04:10.000Z"
                     *         }
                     *       ]
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Readiness"];
                };
            };
        };
    };
    readonly listWaitingCauses: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The causes */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "causes": [
                     *         {
                     *           "code": "QuotaExceed.Image",
                     *           "imports": 3,
                     *           "since": "2026-11-01T20:00:00.000Z",
                     *           "remedy": "Request a higher quota for custom images."
                     *         }
                     *       ]
                     *     }
                     */
                    readonly "application/json": components["schemas"]["WaitingCauses"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly resumeImportsOfCause: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "code": "QuotaExceed.Image"
                 *     }
                 */
                readonly "application/json": components["schemas"]["ResumeAll"];
            };
        };
        readonly responses: {
            /** @description Accepted; these imports continue */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "QuotaExceed.Image",
                     *       "resumed": [
                     *         "imp-01JBM2Q6ZK3T8W"
                     *       ],
                     *       "notResumed": []
                     *     }
                     */
                    readonly "application/json": components["schemas"]["ResumedAll"];
                };
            };
            /** @description The code is missing or does not exist */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Request.Invalid",
                     *       "title": "The request is not valid",
                     *       "status": 400,
                     *       "detail": "statee is not a query parameter of this route; did you mean state?",
                     *       "code": "Request.Invalid",
                     *       "remedy": "Fix the fields in errors[]. Nothing was changed."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 408: components["responses"]["BodyTimeout"];
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["NotJson"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly listImports: {
        readonly parameters: {
            readonly query?: {
                /** @description Only imports in this state */
                readonly state?: "running" | "attention" | "cancelling" | "succeeded" | "failed" | "cancelled";
                /** @description Only imports in this phase */
                readonly phase?: "accepted" | "preflight" | "role" | "upload" | "import" | "detection" | "distribution" | "cleanup" | "done";
                /** @description Only imports that failed or stopped with this code */
                readonly code?: string;
                /** @description Only imports into this region */
                readonly region?: string;
                /** @description Only imports through this bucket */
                readonly bucket?: string;
                /** @description Only imports with this tag, KEY=VALUE; several: with all of them */
                readonly tag?: readonly string[];
                /** @description Only imports of this batch */
                readonly batch?: string;
                /** @description Only imports of this account */
                readonly account?: string;
                /** @description Only imports that this identity started, or this user as its client stated it */
                readonly createdBy?: string;
                /** @description Only imports created at this time or later */
                readonly since?: string;
                /** @description Only imports created before this time */
                readonly until?: string;
                /** @description Only imports whose name contains this text from the beginning of a word; case-insensitive, and . : _ - and spaces count as the same */
                readonly name?: string;
                /** @description The order; - reverses it. Default: -created, the newest first */
                readonly sort?: "-created" | "created" | "-updated" | "updated" | "name" | "-name";
                /** @description nextCursor of the previous page, with the same filters and order */
                readonly cursor?: string;
                /** @description The size of the page. Larger values than 500 count as 500 */
                readonly limit?: number;
                /** @description Only these fields and id, such as state,image; of id, state, phase, progress, request, image, copies, findings, attention, waitingFor, error, ledger, timeline, createdAt, updatedAt */
                readonly fields?: readonly ("id" | "state" | "phase" | "progress" | "request" | "image" | "copies" | "findings" | "attention" | "waitingFor" | "error" | "ledger" | "timeline" | "createdAt" | "updatedAt")[];
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description A page */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "imports": [
                     *         {
                     *           "id": "imp-01JBM2Q6ZK3T8W",
                     *           "state": "running",
                     *           "phase": "upload",
                     *           "progress": {
                     *             "phase": "upload",
                     *             "percent": 40,
                     *             "bytesDone": 400000000,
                     *             "bytesTotal": 1000000000,
                     *             "bytesPerSecond": 50000000,
                     *             "etaSeconds": 12
                     *           },
                     *           "request": {
                     *             "region": "cn-hangzhou",
                     *             "imageName": "web-01",
                     *             "disks": [
                     *               {
                     *                 "source": "file:///images/web-01.qcow2"
                     *               }
                     *             ],
                     *             "upload": {
                     *               "bucket": "my-bucket",
                     *               "prefix": "imports/",
                     *               "convert": "auto",
                     *               "keepObject": false
                     *             },
                     *             "tags": {
                     *               "team": "web"
                     *             }
                     *           },
                     *           "image": null,
                     *           "copies": [],
                     *           "findings": [
                     *             {
                     *               "code": "GUESTOS.CloudInit",
                     *               "severity": "warning",
                     *               "source": "inspection",
                     *               "disk": 1,
                     *               "message": "cloud-init is not installed",
                     *               "evidence": "no /usr/bin/cloud-init in /dev/sda1",
                     *               "remedy": "apt-get install cloud-init"
                     *             }
                     *           ],
                     *           "attention": null,
                     *           "waitingFor": null,
                     *           "error": null,
                     *           "ledger": [],
                     *           "timeline": [
                     *             {
                     *               "phase": "accepted",
                     *               "startedAt": "2026-11-01T20:00:00.000Z",
                     *               "endedAt": "2026-11-01T20:00:00.000Z"
                     *             }
                     *           ],
                     *           "createdAt": "2026-11-01T20:00:00.000Z",
                     *           "updatedAt": "2026-11-01T20:04:10.000Z"
                     *         }
                     *       ],
                     *       "nextCursor": "imp-01JBM2Q6ZK3T8W"
                     *     }
                     */
                    readonly "application/json": components["schemas"]["ImportList"];
                };
            };
            /** @description The state does not exist */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Request.Invalid",
                     *       "title": "The request is not valid",
                     *       "status": 400,
                     *       "detail": "statee is not a query parameter of this route; did you mean state?",
                     *       "code": "Request.Invalid",
                     *       "remedy": "Fix the fields in errors[]. Nothing was changed."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly startImport: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description The same key and body return the same import; another body is rejected */
                readonly "Idempotency-Key"?: string;
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "region": "cn-hangzhou",
                 *       "imageName": "web-01",
                 *       "disks": [
                 *         {
                 *           "source": "file:///images/web-01.qcow2"
                 *         }
                 *       ],
                 *       "upload": {
                 *         "bucket": "my-bucket"
                 *       },
                 *       "tags": {
                 *         "team": "web"
                 *       }
                 *     }
                 */
                readonly "application/json": components["schemas"]["ImportRequest"];
            };
        };
        readonly responses: {
            /** @description Accepted; Location is the URL of the import */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "imp-01JBM2Q6ZK3T8W",
                     *       "state": "running",
                     *       "phase": "accepted",
                     *       "progress": {
                     *         "phase": "upload",
                     *         "percent": 40,
                     *         "bytesDone": 400000000,
                     *         "bytesTotal": 1000000000,
                     *         "bytesPerSecond": 50000000,
                     *         "etaSeconds": 12
                     *       },
                     *       "request": {
                     *         "region": "cn-hangzhou",
                     *         "imageName": "web-01",
                     *         "disks": [
                     *           {
                     *             "source": "file:///images/web-01.qcow2"
                     *           }
                     *         ],
                     *         "upload": {
                     *           "bucket": "my-bucket",
                     *           "prefix": "imports/",
                     *           "convert": "auto",
                     *           "keepObject": false
                     *         },
                     *         "tags": {
                     *           "team": "web"
                     *         }
                     *       },
                     *       "image": null,
                     *       "copies": [],
                     *       "findings": [],
                     *       "attention": null,
                     *       "waitingFor": null,
                     *       "error": null,
                     *       "ledger": [],
                     *       "timeline": [
                     *         {
                     *           "phase": "accepted",
                     *           "startedAt": "2026-11-01T20:00:00.000Z",
                     *           "endedAt": "2026-11-01T20:00:00.000Z"
                     *         }
                     *       ],
                     *       "createdAt": "2026-11-01T20:00:00.000Z",
                     *       "updatedAt": "2026-11-01T20:04:10.000Z",
                     *       "warnings": []
                     *     }
                     */
                    readonly "application/json": components["schemas"]["StartedImport"];
                };
            };
            /** @description The request is invalid; errors[] lists every problem */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Request.Invalid",
                     *       "title": "The request is not valid",
                     *       "status": 400,
                     *       "detail": "statee is not a query parameter of this route; did you mean state?",
                     *       "code": "Request.Invalid",
                     *       "remedy": "Fix the fields in errors[]. Nothing was changed."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 408: components["responses"]["BodyTimeout"];
            readonly 413: components["responses"]["TooLarge"];
            /** @description The body is not JSON */
            readonly 415: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Request.NotJson",
                     *       "title": "The body must be JSON",
                     *       "status": 415,
                     *       "detail": "the content type is not application/json",
                     *       "code": "Request.NotJson",
                     *       "remedy": "Send Content-Type: application/json."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The idempotency key was used for another request */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Request.IdempotencyKeyReused",
                     *       "title": "The idempotency key was used for another request",
                     *       "status": 422,
                     *       "detail": "the idempotency key web-01 belongs to import imp-1, which has another request",
                     *       "code": "Request.IdempotencyKeyReused",
                     *       "remedy": "Use a new key for a new request."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly getImport: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The import */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "imp-01JBM2Q6ZK3T8W",
                     *       "state": "running",
                     *       "phase": "upload",
                     *       "progress": {
                     *         "phase": "upload",
                     *         "percent": 40,
                     *         "bytesDone": 400000000,
                     *         "bytesTotal": 1000000000,
                     *         "bytesPerSecond": 50000000,
                     *         "etaSeconds": 12
                     *       },
                     *       "request": {
                     *         "region": "cn-hangzhou",
                     *         "imageName": "web-01",
                     *         "disks": [
                     *           {
                     *             "source": "file:///images/web-01.qcow2"
                     *           }
                     *         ],
                     *         "upload": {
                     *           "bucket": "my-bucket",
                     *           "prefix": "imports/",
                     *           "convert": "auto",
                     *           "keepObject": false
                     *         },
                     *         "tags": {
                     *           "team": "web"
                     *         }
                     *       },
                     *       "image": null,
                     *       "copies": [],
                     *       "findings": [
                     *         {
                     *           "code": "GUESTOS.CloudInit",
                     *           "severity": "warning",
                     *           "source": "inspection",
                     *           "disk": 1,
                     *           "message": "cloud-init is not installed",
                     *           "evidence": "no /usr/bin/cloud-init in /dev/sda1",
                     *           "remedy": "apt-get install cloud-init"
                     *         }
                     *       ],
                     *       "attention": null,
                     *       "waitingFor": null,
                     *       "error": null,
                     *       "ledger": [],
                     *       "timeline": [
                     *         {
                     *           "phase": "accepted",
                     *           "startedAt": "2026-11-01T20:00:00.000Z",
                     *           "endedAt": "2026-11-01T20:00:00.000Z"
                     *         }
                     *       ],
                     *       "createdAt": "2026-11-01T20:00:00.000Z",
                     *       "updatedAt": "2026-11-01T20:04:10.000Z"
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Import"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The import does not exist */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.NotFound",
                     *       "title": "The import does not exist",
                     *       "status": 404,
                     *       "detail": "import imp-1 does not exist",
                     *       "code": "Import.NotFound",
                     *       "remedy": "List the imports with GET /v1/imports."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 410: components["responses"]["Deleted"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly getImportReport: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The report */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example # Import imp-01JBM2Q6ZK3T8W: succeeded
                     *
                     *     - image name: web-01
                     */
                    readonly "text/markdown": string;
                    /**
                     * @example {
                     *       "id": "imp-01JBM2Q6ZK3T8W",
                     *       "state": "running",
                     *       "phase": "upload",
                     *       "progress": {
                     *         "phase": "upload",
                     *         "percent": 40,
                     *         "bytesDone": 400000000,
                     *         "bytesTotal": 1000000000,
                     *         "bytesPerSecond": 50000000,
                     *         "etaSeconds": 12
                     *       },
                     *       "request": {
                     *         "region": "cn-hangzhou",
                     *         "imageName": "web-01",
                     *         "disks": [
                     *           {
                     *             "source": "file:///images/web-01.qcow2"
                     *           }
                     *         ],
                     *         "upload": {
                     *           "bucket": "my-bucket",
                     *           "prefix": "imports/",
                     *           "convert": "auto",
                     *           "keepObject": false
                     *         },
                     *         "tags": {
                     *           "team": "web"
                     *         }
                     *       },
                     *       "image": null,
                     *       "copies": [],
                     *       "findings": [
                     *         {
                     *           "code": "GUESTOS.CloudInit",
                     *           "severity": "warning",
                     *           "source": "inspection",
                     *           "disk": 1,
                     *           "message": "cloud-init is not installed",
                     *           "evidence": "no /usr/bin/cloud-init in /dev/sda1",
                     *           "remedy": "apt-get install cloud-init"
                     *         }
                     *       ],
                     *       "attention": null,
                     *       "waitingFor": null,
                     *       "error": null,
                     *       "ledger": [],
                     *       "timeline": [
                     *         {
                     *           "phase": "accepted",
                     *           "startedAt": "2026-11-01T20:00:00.000Z",
                     *           "endedAt": "2026-11-01T20:00:00.000Z"
                     *         }
                     *       ],
                     *       "createdAt": "2026-11-01T20:00:00.000Z",
                     *       "updatedAt": "2026-11-01T20:04:10.000Z",
                     *       "events": [
                     *         {
                     *           "id": 1,
                     *           "at": "2026-11-01T20:00:00.000Z",
                     *           "type": "phase",
                     *           "phase": "upload",
                     *           "state": "running",
                     *           "message": "upload started",
                     *           "detail": {}
                     *         }
                     *       ]
                     *     }
                     */
                    readonly "application/json": components["schemas"]["ImportReport"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The import does not exist */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.NotFound",
                     *       "title": "The import does not exist",
                     *       "status": 404,
                     *       "detail": "import imp-1 does not exist",
                     *       "code": "Import.NotFound",
                     *       "remedy": "List the imports with GET /v1/imports."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 410: components["responses"]["Deleted"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly cancelImport: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                /**
                 * @example {
                 *       "keepImage": false
                 *     }
                 */
                readonly "application/json": components["schemas"]["Cancel"];
            };
        };
        readonly responses: {
            /** @description Accepted; the import ends in state cancelled */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "imp-01JBM2Q6ZK3T8W",
                     *       "state": "running",
                     *       "phase": "upload",
                     *       "progress": {
                     *         "phase": "upload",
                     *         "percent": 40,
                     *         "bytesDone": 400000000,
                     *         "bytesTotal": 1000000000,
                     *         "bytesPerSecond": 50000000,
                     *         "etaSeconds": 12
                     *       },
                     *       "request": {
                     *         "region": "cn-hangzhou",
                     *         "imageName": "web-01",
                     *         "disks": [
                     *           {
                     *             "source": "file:///images/web-01.qcow2"
                     *           }
                     *         ],
                     *         "upload": {
                     *           "bucket": "my-bucket",
                     *           "prefix": "imports/",
                     *           "convert": "auto",
                     *           "keepObject": false
                     *         },
                     *         "tags": {
                     *           "team": "web"
                     *         }
                     *       },
                     *       "image": null,
                     *       "copies": [],
                     *       "findings": [
                     *         {
                     *           "code": "GUESTOS.CloudInit",
                     *           "severity": "warning",
                     *           "source": "inspection",
                     *           "disk": 1,
                     *           "message": "cloud-init is not installed",
                     *           "evidence": "no /usr/bin/cloud-init in /dev/sda1",
                     *           "remedy": "apt-get install cloud-init"
                     *         }
                     *       ],
                     *       "attention": null,
                     *       "waitingFor": null,
                     *       "error": null,
                     *       "ledger": [],
                     *       "timeline": [
                     *         {
                     *           "phase": "accepted",
                     *           "startedAt": "2026-11-01T20:00:00.000Z",
                     *           "endedAt": "2026-11-01T20:00:00.000Z"
                     *         }
                     *       ],
                     *       "createdAt": "2026-11-01T20:00:00.000Z",
                     *       "updatedAt": "2026-11-01T20:04:10.000Z"
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Import"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The import does not exist */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.NotFound",
                     *       "title": "The import does not exist",
                     *       "status": 404,
                     *       "detail": "import imp-1 does not exist",
                     *       "code": "Import.NotFound",
                     *       "remedy": "List the imports with GET /v1/imports."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 408: components["responses"]["BodyTimeout"];
            /** @description The import has already ended, or its workflow is not in this Temporal namespace */
            readonly 409: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.Conflict",
                     *       "title": "The state of the import does not allow this operation",
                     *       "status": 409,
                     *       "detail": "import imp-1 is in state running and cannot be resumed",
                     *       "code": "Import.Conflict",
                     *       "remedy": "Resume only imports in state attention, and only once for each stop."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 410: components["responses"]["Deleted"];
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["NotJson"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            /** @description The workflow of the import is just being started; nothing was changed */
            readonly 503: {
                headers: {
                    /** @description Seconds until the next attempt */
                    readonly "Retry-After"?: number;
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Service.Unavailable",
                     *       "title": "A required server cannot be reached",
                     *       "status": 503,
                     *       "detail": "PostgreSQL or Temporal cannot be reached",
                     *       "code": "Service.Unavailable",
                     *       "remedy": "Check GET /readyz to see which one, and send the request again later."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly resumeImport: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                /**
                 * @example {
                 *       "set": {
                 *         "imageName": "web-02"
                 *       }
                 *     }
                 */
                readonly "application/json": components["schemas"]["Resume"];
            };
        };
        readonly responses: {
            /** @description Accepted; the import continues from the same phase */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "imp-01JBM2Q6ZK3T8W",
                     *       "state": "running",
                     *       "phase": "upload",
                     *       "progress": {
                     *         "phase": "upload",
                     *         "percent": 40,
                     *         "bytesDone": 400000000,
                     *         "bytesTotal": 1000000000,
                     *         "bytesPerSecond": 50000000,
                     *         "etaSeconds": 12
                     *       },
                     *       "request": {
                     *         "region": "cn-hangzhou",
                     *         "imageName": "web-01",
                     *         "disks": [
                     *           {
                     *             "source": "file:///images/web-01.qcow2"
                     *           }
                     *         ],
                     *         "upload": {
                     *           "bucket": "my-bucket",
                     *           "prefix": "imports/",
                     *           "convert": "auto",
                     *           "keepObject": false
                     *         },
                     *         "tags": {
                     *           "team": "web"
                     *         }
                     *       },
                     *       "image": null,
                     *       "copies": [],
                     *       "findings": [
                     *         {
                     *           "code": "GUESTOS.CloudInit",
                     *           "severity": "warning",
                     *           "source": "inspection",
                     *           "disk": 1,
                     *           "message": "cloud-init is not installed",
                     *           "evidence": "no /usr/bin/cloud-init in /dev/sda1",
                     *           "remedy": "apt-get install cloud-init"
                     *         }
                     *       ],
                     *       "attention": null,
                     *       "waitingFor": null,
                     *       "error": null,
                     *       "ledger": [],
                     *       "timeline": [
                     *         {
                     *           "phase": "accepted",
                     *           "startedAt": "2026-11-01T20:00:00.000Z",
                     *           "endedAt": "2026-11-01T20:00:00.000Z"
                     *         }
                     *       ],
                     *       "createdAt": "2026-11-01T20:00:00.000Z",
                     *       "updatedAt": "2026-11-01T20:04:10.000Z"
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Import"];
                };
            };
            /** @description A field in set cannot be changed in this phase */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Request.Invalid",
                     *       "title": "The request is not valid",
                     *       "status": 400,
                     *       "detail": "statee is not a query parameter of this route; did you mean state?",
                     *       "code": "Request.Invalid",
                     *       "remedy": "Fix the fields in errors[]. Nothing was changed."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The import does not exist */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.NotFound",
                     *       "title": "The import does not exist",
                     *       "status": 404,
                     *       "detail": "import imp-1 does not exist",
                     *       "code": "Import.NotFound",
                     *       "remedy": "List the imports with GET /v1/imports."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 408: components["responses"]["BodyTimeout"];
            /** @description The import is not in attention, or another resume came first */
            readonly 409: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.Conflict",
                     *       "title": "The state of the import does not allow this operation",
                     *       "status": 409,
                     *       "detail": "import imp-1 is in state running and cannot be resumed",
                     *       "code": "Import.Conflict",
                     *       "remedy": "Resume only imports in state attention, and only once for each stop."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 410: components["responses"]["Deleted"];
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["NotJson"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly retryImport: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description The same key and body return the same import; another body is rejected */
                readonly "Idempotency-Key"?: string;
            };
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                /**
                 * @example {
                 *       "set": {
                 *         "imageName": "web-02",
                 *         "upload.bucket": "other-bucket"
                 *       }
                 *     }
                 */
                readonly "application/json": components["schemas"]["Retry"];
            };
        };
        readonly responses: {
            /** @description Accepted; Location is the URL of the new import */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "imp-01JBM2Q6ZK3T8W",
                     *       "state": "running",
                     *       "phase": "accepted",
                     *       "progress": {
                     *         "phase": "upload",
                     *         "percent": 40,
                     *         "bytesDone": 400000000,
                     *         "bytesTotal": 1000000000,
                     *         "bytesPerSecond": 50000000,
                     *         "etaSeconds": 12
                     *       },
                     *       "request": {
                     *         "region": "cn-hangzhou",
                     *         "imageName": "web-01",
                     *         "disks": [
                     *           {
                     *             "source": "file:///images/web-01.qcow2"
                     *           }
                     *         ],
                     *         "upload": {
                     *           "bucket": "my-bucket",
                     *           "prefix": "imports/",
                     *           "convert": "auto",
                     *           "keepObject": false
                     *         },
                     *         "tags": {
                     *           "team": "web"
                     *         }
                     *       },
                     *       "image": null,
                     *       "copies": [],
                     *       "findings": [],
                     *       "attention": null,
                     *       "waitingFor": null,
                     *       "error": null,
                     *       "ledger": [],
                     *       "timeline": [
                     *         {
                     *           "phase": "accepted",
                     *           "startedAt": "2026-11-01T20:00:00.000Z",
                     *           "endedAt": "2026-11-01T20:00:00.000Z"
                     *         }
                     *       ],
                     *       "createdAt": "2026-11-01T20:00:00.000Z",
                     *       "updatedAt": "2026-11-01T20:04:10.000Z",
                     *       "warnings": []
                     *     }
                     */
                    readonly "application/json": components["schemas"]["StartedImport"];
                };
            };
            /** @description The changed request is invalid; errors[] lists every problem */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Request.Invalid",
                     *       "title": "The request is not valid",
                     *       "status": 400,
                     *       "detail": "statee is not a query parameter of this route; did you mean state?",
                     *       "code": "Request.Invalid",
                     *       "remedy": "Fix the fields in errors[]. Nothing was changed."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The import does not exist */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.NotFound",
                     *       "title": "The import does not exist",
                     *       "status": 404,
                     *       "detail": "import imp-1 does not exist",
                     *       "code": "Import.NotFound",
                     *       "remedy": "List the imports with GET /v1/imports."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 408: components["responses"]["BodyTimeout"];
            /** @description The import has not ended */
            readonly 409: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.Conflict",
                     *       "title": "The state of the import does not allow this operation",
                     *       "status": 409,
                     *       "detail": "import imp-1 is in state running and cannot be resumed",
                     *       "code": "Import.Conflict",
                     *       "remedy": "Resume only imports in state attention, and only once for each stop."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 410: components["responses"]["Deleted"];
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["NotJson"];
            /** @description The idempotency key was used for another request */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Request.IdempotencyKeyReused",
                     *       "title": "The idempotency key was used for another request",
                     *       "status": 422,
                     *       "detail": "the idempotency key web-01 belongs to import imp-1, which has another request",
                     *       "code": "Request.IdempotencyKeyReused",
                     *       "remedy": "Use a new key for a new request."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly changeImports: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "action": "resume",
                 *       "filter": {
                 *         "code": "QuotaExceed.Image"
                 *       },
                 *       "apply": false
                 *     }
                 */
                readonly "application/json": components["schemas"]["Bulk"];
            };
        };
        readonly responses: {
            /** @description What was done, or would be */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "action": "resume",
                     *       "applied": false,
                     *       "selected": 1,
                     *       "hasMore": false,
                     *       "skipped": [],
                     *       "discardedBytes": 0,
                     *       "acts": [
                     *         {
                     *           "id": "imp-01JBM2Q6ZK3T8W",
                     *           "imageName": "web-01",
                     *           "state": "attention",
                     *           "code": "QuotaExceed.Image",
                     *           "newId": null
                     *         }
                     *       ]
                     *     }
                     */
                    readonly "application/json": components["schemas"]["BulkSummary"];
                };
            };
            /** @description Neither ids nor filter is set, or both are */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Request.Invalid",
                     *       "title": "The request is not valid",
                     *       "status": 400,
                     *       "detail": "statee is not a query parameter of this route; did you mean state?",
                     *       "code": "Request.Invalid",
                     *       "remedy": "Fix the fields in errors[]. Nothing was changed."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 408: components["responses"]["BodyTimeout"];
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["NotJson"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly getOverview: {
        readonly parameters: {
            readonly query?: {
                /** @description How many hours are shown, up to 168. Default: 24 */
                readonly hours?: number;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The overview */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "at": "2026-11-01T20:04:10.000Z",
                     *       "states": {
                     *         "running": 1
                     *       },
                     *       "causes": [
                     *         {
                     *           "code": "QuotaExceed.Image",
                     *           "imports": 3,
                     *           "since": "2026-11-01T20:00:00.000Z",
                     *           "remedy": "Request a higher quota for custom images."
                     *         }
                     *       ],
                     *       "running": {
                     *         "imports": 1,
                     *         "waiting": 0,
                     *         "stalled": 0,
                     *         "bytesPerSecond": 50000000,
                     *         "phases": [
                     *           {
                     *             "phase": "upload",
                     *             "imports": 1,
                     *             "waiting": 0,
                     *             "stalled": 0,
                     *             "bytesPerSecond": 50000000
                     *           }
                     *         ]
                     *       },
                     *       "hours": [
                     *         {
                     *           "hour": "2026-11-01T20:00:00.000Z",
                     *           "succeeded": 12,
                     *           "failed": 1,
                     *           "cancelled": 0,
                     *           "bytes": 24000000000
                     *         }
                     *       ],
                     *       "isComplete": true,
                     *       "queues": [
                     *         {
                     *           "queue": "ecs-image-import",
                     *           "host": null,
                     *           "workers": 2,
                     *           "seenAt": "2026-11-01T20:04:10.000Z",
                     *           "waiting": 0
                     *         }
                     *       ],
                     *       "budgets": [
                     *         {
                     *           "accountId": "1000000000000001",
                     *           "service": "ecs",
                     *           "region": "cn-hangzhou",
                     *           "action": "ImportImage",
                     *           "perMinute": 60,
                     *           "blockedUntil": null
                     *         }
                     *       ]
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Overview"];
                };
            };
            /** @description The number of hours is too large */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Request.Invalid",
                     *       "title": "The request is not valid",
                     *       "status": 400,
                     *       "detail": "statee is not a query parameter of this route; did you mean state?",
                     *       "code": "Request.Invalid",
                     *       "remedy": "Fix the fields in errors[]. Nothing was changed."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly getImportPlan: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The plan */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "importId": "imp-01JBM2Q6ZK3T8W",
                     *       "isDryRun": true,
                     *       "region": "cn-hangzhou",
                     *       "imageName": "web-01",
                     *       "disks": [
                     *         {
                     *           "disk": 1,
                     *           "source": "file:///images/web-01.qcow2",
                     *           "sourceBytes": 320000000,
                     *           "sentAs": "as-is",
                     *           "format": "QCOW2",
                     *           "diskImageSizeGiB": 40,
                     *           "bucket": "my-bucket",
                     *           "key": null,
                     *           "bytesAtMost": 320000000
                     *         }
                     *       ],
                     *       "bytesAtMost": 320000000,
                     *       "settings": [
                     *         {
                     *           "field": "bootMode",
                     *           "value": "UEFI",
                     *           "origin": "image",
                     *           "assumed": "BIOS"
                     *         }
                     *       ],
                     *       "role": {
                     *         "mode": "ensure",
                     *         "isReady": true,
                     *         "message": null
                     *       },
                     *       "keepsObject": false,
                     *       "copies": [
                     *         "cn-beijing"
                     *       ],
                     *       "sharedWith": [],
                     *       "estimate": {
                     *         "uploadSeconds": 6.4,
                     *         "importSeconds": 240,
                     *         "fromImports": 20,
                     *         "cost": null
                     *       }
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Plan"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The import does not exist */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.NotFound",
                     *       "title": "The import does not exist",
                     *       "status": 404,
                     *       "detail": "import imp-1 does not exist",
                     *       "code": "Import.NotFound",
                     *       "remedy": "List the imports with GET /v1/imports."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Preflight has not passed, so there is no plan */
            readonly 409: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.Conflict",
                     *       "title": "The state of the import does not allow this operation",
                     *       "status": 409,
                     *       "detail": "import imp-1 is in state running and cannot be resumed",
                     *       "code": "Import.Conflict",
                     *       "remedy": "Resume only imports in state attention, and only once for each stop."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 410: components["responses"]["Deleted"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly getSettings: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The settings */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "settings": [
                     *         {
                     *           "name": "ECS_IMPORT_PORT",
                     *           "value": "8080",
                     *           "origin": "default",
                     *           "isSecret": false
                     *         }
                     *       ],
                     *       "version": "0.1.0"
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Settings"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly listBatches: {
        readonly parameters: {
            readonly query?: {
                /** @description Only batches in this state */
                readonly state?: "running" | "paused" | "attention" | "cancelling" | "succeeded" | "failed" | "cancelled";
                /** @description nextCursor of the previous page */
                readonly cursor?: string;
                /** @description The size of the page. Larger values than 1000 count as 1000 */
                readonly limit?: number;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description A page */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "batches": [
                     *         {
                     *           "id": "bat-01JBM2Q6ZK3T8X",
                     *           "name": "fleet-2026",
                     *           "state": "running",
                     *           "createdAt": "2026-11-01T20:00:00.000Z",
                     *           "updatedAt": "2026-11-01T20:04:10.000Z",
                     *           "endedAt": null,
                     *           "items": 2,
                     *           "ended": 0
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    readonly "application/json": components["schemas"]["BatchList"];
                };
            };
            /** @description The state does not exist */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Request.Invalid",
                     *       "title": "The request is not valid",
                     *       "status": 400,
                     *       "detail": "statee is not a query parameter of this route; did you mean state?",
                     *       "code": "Request.Invalid",
                     *       "remedy": "Fix the fields in errors[]. Nothing was changed."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly createBatch: {
        readonly parameters: {
            readonly query?: {
                /** @description Name of the batch; overrides the name in the file */
                readonly name?: string;
                /** @description JSON object whose fields override the policy in the file */
                readonly policy?: string;
                /** @description JSON object whose fields override the defaults in the file */
                readonly defaults?: string;
                /** @description JSON object of values that the defaults in the file override, such as a user’s settings */
                readonly fallbacks?: string;
                /** @description true: start the valid items even if others are invalid */
                readonly skipInvalid?: boolean;
                /** @description Base folder of relative sources: file:///folder/ */
                readonly base?: string;
            };
            readonly header?: {
                /** @description The same key and file return the same batch; another file is rejected */
                readonly "Idempotency-Key"?: string;
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "name": "fleet-2026",
                 *       "policy": {
                 *         "canary": [
                 *           5
                 *         ],
                 *         "errorBudget": "5%"
                 *       },
                 *       "defaults": {
                 *         "region": "cn-hangzhou",
                 *         "upload": {
                 *           "bucket": "my-bucket"
                 *         }
                 *       },
                 *       "items": [
                 *         {
                 *           "region": "cn-hangzhou",
                 *           "imageName": "web-01",
                 *           "disks": [
                 *             {
                 *               "source": "file:///images/web-01.qcow2"
                 *             }
                 *           ],
                 *           "upload": {
                 *             "bucket": "my-bucket"
                 *           },
                 *           "tags": {
                 *             "team": "web"
                 *           }
                 *         }
                 *       ]
                 *     }
                 */
                readonly "application/json": components["schemas"]["BatchFile"];
                /** @example {"region":"cn-hangzhou","imageName":"web-01","disks":[{"source":"file:///images/web-01.qcow2"}],"upload":{"bucket":"my-bucket"},"tags":{"team":"web"}} */
                readonly "application/jsonl": string;
                /**
                 * @example region,imageName,source,bucket
                 *     cn-hangzhou,web-01,file:///images/web-01.qcow2,my-bucket
                 */
                readonly "text/csv": string;
                /**
                 * @example name: fleet-2026
                 *     items:
                 *       - imageName: web-01
                 *         region: cn-hangzhou
                 */
                readonly "application/yaml": string;
            };
        };
        readonly responses: {
            /** @description Accepted; Location is the URL of the batch */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "bat-01JBM2Q6ZK3T8X",
                     *       "name": "fleet-2026",
                     *       "state": "running",
                     *       "policy": {
                     *         "concurrency": 50,
                     *         "perRegion": null,
                     *         "perBucket": null,
                     *         "canary": [
                     *           5
                     *         ],
                     *         "errorBudget": "5%",
                     *         "errorBudgetAfter": 20,
                     *         "attentionBudget": null,
                     *         "schedule": null,
                     *         "order": "listed",
                     *         "priority": 3,
                     *         "weight": 1,
                     *         "imageQuota": null,
                     *         "checkFirst": true
                     *       },
                     *       "attention": null,
                     *       "waitsFor": null,
                     *       "counts": {
                     *         "total": 2,
                     *         "invalid": 0,
                     *         "waiting": 1,
                     *         "running": 1,
                     *         "attention": 0,
                     *         "succeeded": 0,
                     *         "failed": 0,
                     *         "cancelled": 0
                     *       },
                     *       "phases": {
                     *         "upload": 1
                     *       },
                     *       "importsPerMinute": 0.5,
                     *       "etaSeconds": 240,
                     *       "estimate": {
                     *         "uploadedBytes": 400000000,
                     *         "expectedUploadBytes": null,
                     *         "imageGiB": 0,
                     *         "expectedImageGiB": null,
                     *         "expectedCopyGiB": null,
                     *         "cost": null
                     *       },
                     *       "failures": [],
                     *       "attentions": [],
                     *       "createdBy": {
                     *         "client": "ecs-image-import/0.1.0",
                     *         "user": "ada@build-1",
                     *         "identity": "key:k7f3"
                     *       },
                     *       "createdAt": "2026-11-01T20:00:00.000Z",
                     *       "updatedAt": "2026-11-01T20:04:10.000Z",
                     *       "endedAt": null
                     *     }
                     */
                    readonly "application/json": components["schemas"]["CreatedBatch"];
                };
            };
            /** @description The file is invalid; badItems[] lists every invalid item with its line */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Request.Invalid",
                     *       "title": "The request is not valid",
                     *       "status": 400,
                     *       "detail": "statee is not a query parameter of this route; did you mean state?",
                     *       "code": "Request.Invalid",
                     *       "remedy": "Fix the fields in errors[]. Nothing was changed."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The file did not arrive in time */
            readonly 408: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Request.Timeout",
                     *       "title": "The body did not arrive in time",
                     *       "status": 408,
                     *       "detail": "the body did not arrive in time: after 100 bytes, nothing for 10 s",
                     *       "code": "Request.Timeout",
                     *       "remedy": "Check the connection and send the request again. Nothing was changed."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another request is sending a file with this name or key */
            readonly 409: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.Conflict",
                     *       "title": "The state of the import does not allow this operation",
                     *       "status": 409,
                     *       "detail": "import imp-1 is in state running and cannot be resumed",
                     *       "code": "Import.Conflict",
                     *       "remedy": "Resume only imports in state attention, and only once for each stop."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 413: components["responses"]["TooLarge"];
            /** @description The content type is not that of a batch file */
            readonly 415: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Request.NotJson",
                     *       "title": "The body must be JSON",
                     *       "status": 415,
                     *       "detail": "the content type is not application/json",
                     *       "code": "Request.NotJson",
                     *       "remedy": "Send Content-Type: application/json."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The name or the key was used for another file */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Request.IdempotencyKeyReused",
                     *       "title": "The idempotency key was used for another request",
                     *       "status": 422,
                     *       "detail": "the idempotency key web-01 belongs to import imp-1, which has another request",
                     *       "code": "Request.IdempotencyKeyReused",
                     *       "remedy": "Use a new key for a new request."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            /** @description Too many batch files are being received; Retry-After says when to send the file again */
            readonly 503: {
                headers: {
                    /** @description Seconds until the next attempt */
                    readonly "Retry-After"?: number;
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Service.Unavailable",
                     *       "title": "A required server cannot be reached",
                     *       "status": 503,
                     *       "detail": "PostgreSQL or Temporal cannot be reached",
                     *       "code": "Service.Unavailable",
                     *       "remedy": "Check GET /readyz to see which one, and send the request again later."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly checkBatch: {
        readonly parameters: {
            readonly query?: {
                /** @description Name of the batch; overrides the name in the file */
                readonly name?: string;
                /** @description JSON object whose fields override the policy in the file */
                readonly policy?: string;
                /** @description JSON object whose fields override the defaults in the file */
                readonly defaults?: string;
                /** @description JSON object of values that the defaults in the file override, such as a user’s settings */
                readonly fallbacks?: string;
                /** @description true: start the valid items even if others are invalid */
                readonly skipInvalid?: boolean;
                /** @description Base folder of relative sources: file:///folder/ */
                readonly base?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "name": "fleet-2026",
                 *       "policy": {
                 *         "canary": [
                 *           5
                 *         ],
                 *         "errorBudget": "5%"
                 *       },
                 *       "defaults": {
                 *         "region": "cn-hangzhou",
                 *         "upload": {
                 *           "bucket": "my-bucket"
                 *         }
                 *       },
                 *       "items": [
                 *         {
                 *           "region": "cn-hangzhou",
                 *           "imageName": "web-01",
                 *           "disks": [
                 *             {
                 *               "source": "file:///images/web-01.qcow2"
                 *             }
                 *           ],
                 *           "upload": {
                 *             "bucket": "my-bucket"
                 *           },
                 *           "tags": {
                 *             "team": "web"
                 *           }
                 *         }
                 *       ]
                 *     }
                 */
                readonly "application/json": components["schemas"]["BatchFile"];
                /** @example {"region":"cn-hangzhou","imageName":"web-01","disks":[{"source":"file:///images/web-01.qcow2"}],"upload":{"bucket":"my-bucket"},"tags":{"team":"web"}} */
                readonly "application/jsonl": string;
                /**
                 * @example region,imageName,source,bucket
                 *     cn-hangzhou,web-01,file:///images/web-01.qcow2,my-bucket
                 */
                readonly "text/csv": string;
                /**
                 * @example name: fleet-2026
                 *     items:
                 *       - imageName: web-01
                 *         region: cn-hangzhou
                 */
                readonly "application/yaml": string;
            };
        };
        readonly responses: {
            /** @description Every invalid item with its line, and what the batch would do */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": 2,
                     *       "invalid": 0,
                     *       "badItems": [],
                     *       "headerProblems": [],
                     *       "unreadable": null,
                     *       "name": "fleet-2026",
                     *       "isNameUsed": false,
                     *       "nameUsedBy": null,
                     *       "policy": {
                     *         "concurrency": 50,
                     *         "perRegion": null,
                     *         "perBucket": null,
                     *         "canary": [
                     *           5
                     *         ],
                     *         "errorBudget": "5%",
                     *         "errorBudgetAfter": 20,
                     *         "attentionBudget": null,
                     *         "schedule": null,
                     *         "order": "listed",
                     *         "priority": 3,
                     *         "weight": 1,
                     *         "imageQuota": null,
                     *         "checkFirst": true
                     *       },
                     *       "regions": [
                     *         {
                     *           "name": "cn-hangzhou",
                     *           "items": 2
                     *         }
                     *       ],
                     *       "buckets": [
                     *         {
                     *           "name": "my-bucket",
                     *           "items": 2
                     *         }
                     *       ]
                     *     }
                     */
                    readonly "application/json": components["schemas"]["BatchCheck"];
                };
            };
            /** @description A parameter is invalid */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Request.Invalid",
                     *       "title": "The request is not valid",
                     *       "status": 400,
                     *       "detail": "statee is not a query parameter of this route; did you mean state?",
                     *       "code": "Request.Invalid",
                     *       "remedy": "Fix the fields in errors[]. Nothing was changed."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The file did not arrive in time */
            readonly 408: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Request.Timeout",
                     *       "title": "The body did not arrive in time",
                     *       "status": 408,
                     *       "detail": "the body did not arrive in time: after 100 bytes, nothing for 10 s",
                     *       "code": "Request.Timeout",
                     *       "remedy": "Check the connection and send the request again. Nothing was changed."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The file is larger than 64 MiB */
            readonly 413: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Request.TooLarge",
                     *       "title": "The body is too large",
                     *       "status": 413,
                     *       "detail": "the body is larger than 1048576 bytes",
                     *       "code": "Request.TooLarge",
                     *       "remedy": "Send one import per request."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The content type is not that of a batch file */
            readonly 415: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Request.NotJson",
                     *       "title": "The body must be JSON",
                     *       "status": 415,
                     *       "detail": "the content type is not application/json",
                     *       "code": "Request.NotJson",
                     *       "remedy": "Send Content-Type: application/json."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            /** @description Too many batch files are being received; Retry-After says when to send the file again */
            readonly 503: {
                headers: {
                    /** @description Seconds until the next attempt */
                    readonly "Retry-After"?: number;
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Service.Unavailable",
                     *       "title": "A required server cannot be reached",
                     *       "status": 503,
                     *       "detail": "PostgreSQL or Temporal cannot be reached",
                     *       "code": "Service.Unavailable",
                     *       "remedy": "Check GET /readyz to see which one, and send the request again later."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getBatchSeries: {
        readonly parameters: {
            readonly query?: {
                /** @description How many points the series has at most, up to 500. Default: 60 */
                readonly steps?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The series */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "stepSeconds": 60,
                     *       "points": [
                     *         {
                     *           "at": "2026-11-01T20:00:00.000Z",
                     *           "succeeded": 4,
                     *           "failed": 1
                     *         }
                     *       ],
                     *       "causes": [
                     *         {
                     *           "code": "QuotaExceed.Image",
                     *           "failures": 1,
                     *           "points": [
                     *             1
                     *           ]
                     *         }
                     *       ]
                     *     }
                     */
                    readonly "application/json": components["schemas"]["BatchSeries"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The batch does not exist */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.NotFound",
                     *       "title": "The import does not exist",
                     *       "status": 404,
                     *       "detail": "import imp-1 does not exist",
                     *       "code": "Import.NotFound",
                     *       "remedy": "List the imports with GET /v1/imports."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 410: components["responses"]["Deleted"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly getBatch: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The batch */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "bat-01JBM2Q6ZK3T8X",
                     *       "name": "fleet-2026",
                     *       "state": "running",
                     *       "policy": {
                     *         "concurrency": 50,
                     *         "perRegion": null,
                     *         "perBucket": null,
                     *         "canary": [
                     *           5
                     *         ],
                     *         "errorBudget": "5%",
                     *         "errorBudgetAfter": 20,
                     *         "attentionBudget": null,
                     *         "schedule": null,
                     *         "order": "listed",
                     *         "priority": 3,
                     *         "weight": 1,
                     *         "imageQuota": null,
                     *         "checkFirst": true
                     *       },
                     *       "attention": null,
                     *       "waitsFor": null,
                     *       "counts": {
                     *         "total": 2,
                     *         "invalid": 0,
                     *         "waiting": 1,
                     *         "running": 1,
                     *         "attention": 0,
                     *         "succeeded": 0,
                     *         "failed": 0,
                     *         "cancelled": 0
                     *       },
                     *       "phases": {
                     *         "upload": 1
                     *       },
                     *       "importsPerMinute": 0.5,
                     *       "etaSeconds": 240,
                     *       "estimate": {
                     *         "uploadedBytes": 400000000,
                     *         "expectedUploadBytes": null,
                     *         "imageGiB": 0,
                     *         "expectedImageGiB": null,
                     *         "expectedCopyGiB": null,
                     *         "cost": null
                     *       },
                     *       "failures": [],
                     *       "attentions": [],
                     *       "createdBy": {
                     *         "client": "ecs-image-import/0.1.0",
                     *         "user": "ada@build-1",
                     *         "identity": "key:k7f3"
                     *       },
                     *       "createdAt": "2026-11-01T20:00:00.000Z",
                     *       "updatedAt": "2026-11-01T20:04:10.000Z",
                     *       "endedAt": null
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Batch"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The batch does not exist */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.NotFound",
                     *       "title": "The import does not exist",
                     *       "status": 404,
                     *       "detail": "import imp-1 does not exist",
                     *       "code": "Import.NotFound",
                     *       "remedy": "List the imports with GET /v1/imports."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 410: components["responses"]["Deleted"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly listBatchItems: {
        readonly parameters: {
            readonly query?: {
                /** @description Only items in this state */
                readonly state?: "invalid" | "waiting" | "started" | "succeeded" | "failed" | "cancelled";
                /** @description nextCursor of the previous page */
                readonly cursor?: number;
                /** @description The size of the page. Larger values than 1000 count as 1000 */
                readonly limit?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description A page */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "item": 1,
                     *           "line": 1,
                     *           "state": "started",
                     *           "account": null,
                     *           "region": "cn-hangzhou",
                     *           "imageName": "web-01",
                     *           "attempt": 1,
                     *           "importId": "imp-01JBM2Q6ZK3T8W",
                     *           "phase": "upload",
                     *           "imageId": null,
                     *           "code": null,
                     *           "message": null,
                     *           "remedy": null,
                     *           "startedAt": "2026-11-01T20:00:00.000Z",
                     *           "endedAt": null
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    readonly "application/json": components["schemas"]["BatchItemList"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The batch does not exist */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.NotFound",
                     *       "title": "The import does not exist",
                     *       "status": 404,
                     *       "detail": "import imp-1 does not exist",
                     *       "code": "Import.NotFound",
                     *       "remedy": "List the imports with GET /v1/imports."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 410: components["responses"]["Deleted"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly getBatchReport: {
        readonly parameters: {
            readonly query?: {
                /** @description markdown, json or csv; takes precedence over Accept */
                readonly format?: "markdown" | "json" | "csv";
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The report */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example # Import imp-01JBM2Q6ZK3T8W: succeeded
                     *
                     *     - image name: web-01
                     */
                    readonly "text/markdown": string;
                    /**
                     * @example {
                     *       "id": "bat-01JBM2Q6ZK3T8X",
                     *       "name": "fleet-2026",
                     *       "state": "running",
                     *       "policy": {
                     *         "concurrency": 50,
                     *         "perRegion": null,
                     *         "perBucket": null,
                     *         "canary": [
                     *           5
                     *         ],
                     *         "errorBudget": "5%",
                     *         "errorBudgetAfter": 20,
                     *         "attentionBudget": null,
                     *         "schedule": null,
                     *         "order": "listed",
                     *         "priority": 3,
                     *         "weight": 1,
                     *         "imageQuota": null,
                     *         "checkFirst": true
                     *       },
                     *       "attention": null,
                     *       "waitsFor": null,
                     *       "counts": {
                     *         "total": 2,
                     *         "invalid": 0,
                     *         "waiting": 1,
                     *         "running": 1,
                     *         "attention": 0,
                     *         "succeeded": 0,
                     *         "failed": 0,
                     *         "cancelled": 0
                     *       },
                     *       "phases": {
                     *         "upload": 1
                     *       },
                     *       "importsPerMinute": 0.5,
                     *       "etaSeconds": 240,
                     *       "estimate": {
                     *         "uploadedBytes": 400000000,
                     *         "expectedUploadBytes": null,
                     *         "imageGiB": 0,
                     *         "expectedImageGiB": null,
                     *         "expectedCopyGiB": null,
                     *         "cost": null
                     *       },
                     *       "failures": [],
                     *       "attentions": [],
                     *       "createdBy": {
                     *         "client": "ecs-image-import/0.1.0",
                     *         "user": "ada@build-1",
                     *         "identity": "key:k7f3"
                     *       },
                     *       "createdAt": "2026-11-01T20:00:00.000Z",
                     *       "updatedAt": "2026-11-01T20:04:10.000Z",
                     *       "endedAt": null,
                     *       "items": [
                     *         {
                     *           "item": 1,
                     *           "line": 1,
                     *           "state": "started",
                     *           "account": null,
                     *           "region": "cn-hangzhou",
                     *           "imageName": "web-01",
                     *           "attempt": 1,
                     *           "importId": "imp-01JBM2Q6ZK3T8W",
                     *           "phase": "upload",
                     *           "imageId": null,
                     *           "code": null,
                     *           "message": null,
                     *           "remedy": null,
                     *           "startedAt": "2026-11-01T20:00:00.000Z",
                     *           "endedAt": null
                     *         }
                     *       ]
                     *     }
                     */
                    readonly "application/json": components["schemas"]["BatchReport"];
                    /**
                     * @example region,imageName,source,bucket
                     *     cn-hangzhou,web-01,file:///images/web-01.qcow2,my-bucket
                     */
                    readonly "text/csv": string;
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The batch does not exist */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.NotFound",
                     *       "title": "The import does not exist",
                     *       "status": 404,
                     *       "detail": "import imp-1 does not exist",
                     *       "code": "Import.NotFound",
                     *       "remedy": "List the imports with GET /v1/imports."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 410: components["responses"]["Deleted"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly pauseBatch: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                /** @example {} */
                readonly "application/json": components["schemas"]["BatchPause"];
            };
        };
        readonly responses: {
            /** @description Accepted */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "bat-01JBM2Q6ZK3T8X",
                     *       "name": "fleet-2026",
                     *       "state": "running",
                     *       "policy": {
                     *         "concurrency": 50,
                     *         "perRegion": null,
                     *         "perBucket": null,
                     *         "canary": [
                     *           5
                     *         ],
                     *         "errorBudget": "5%",
                     *         "errorBudgetAfter": 20,
                     *         "attentionBudget": null,
                     *         "schedule": null,
                     *         "order": "listed",
                     *         "priority": 3,
                     *         "weight": 1,
                     *         "imageQuota": null,
                     *         "checkFirst": true
                     *       },
                     *       "attention": null,
                     *       "waitsFor": null,
                     *       "counts": {
                     *         "total": 2,
                     *         "invalid": 0,
                     *         "waiting": 1,
                     *         "running": 1,
                     *         "attention": 0,
                     *         "succeeded": 0,
                     *         "failed": 0,
                     *         "cancelled": 0
                     *       },
                     *       "phases": {
                     *         "upload": 1
                     *       },
                     *       "importsPerMinute": 0.5,
                     *       "etaSeconds": 240,
                     *       "estimate": {
                     *         "uploadedBytes": 400000000,
                     *         "expectedUploadBytes": null,
                     *         "imageGiB": 0,
                     *         "expectedImageGiB": null,
                     *         "expectedCopyGiB": null,
                     *         "cost": null
                     *       },
                     *       "failures": [],
                     *       "attentions": [],
                     *       "createdBy": {
                     *         "client": "ecs-image-import/0.1.0",
                     *         "user": "ada@build-1",
                     *         "identity": "key:k7f3"
                     *       },
                     *       "createdAt": "2026-11-01T20:00:00.000Z",
                     *       "updatedAt": "2026-11-01T20:04:10.000Z",
                     *       "endedAt": null
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Batch"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The batch does not exist */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.NotFound",
                     *       "title": "The import does not exist",
                     *       "status": 404,
                     *       "detail": "import imp-1 does not exist",
                     *       "code": "Import.NotFound",
                     *       "remedy": "List the imports with GET /v1/imports."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 408: components["responses"]["BodyTimeout"];
            /** @description The batch has already ended */
            readonly 409: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.Conflict",
                     *       "title": "The state of the import does not allow this operation",
                     *       "status": 409,
                     *       "detail": "import imp-1 is in state running and cannot be resumed",
                     *       "code": "Import.Conflict",
                     *       "remedy": "Resume only imports in state attention, and only once for each stop."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 410: components["responses"]["Deleted"];
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["NotJson"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            /** @description Temporal cannot be reached */
            readonly 503: {
                headers: {
                    /** @description Seconds until the next attempt */
                    readonly "Retry-After"?: number;
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Service.Unavailable",
                     *       "title": "A required server cannot be reached",
                     *       "status": 503,
                     *       "detail": "PostgreSQL or Temporal cannot be reached",
                     *       "code": "Service.Unavailable",
                     *       "remedy": "Check GET /readyz to see which one, and send the request again later."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly resumeBatch: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                /**
                 * @example {
                 *       "cause": "QuotaExceed.Image"
                 *     }
                 */
                readonly "application/json": components["schemas"]["BatchResume"];
            };
        };
        readonly responses: {
            /** @description Accepted */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "bat-01JBM2Q6ZK3T8X",
                     *       "name": "fleet-2026",
                     *       "state": "running",
                     *       "policy": {
                     *         "concurrency": 50,
                     *         "perRegion": null,
                     *         "perBucket": null,
                     *         "canary": [
                     *           5
                     *         ],
                     *         "errorBudget": "5%",
                     *         "errorBudgetAfter": 20,
                     *         "attentionBudget": null,
                     *         "schedule": null,
                     *         "order": "listed",
                     *         "priority": 3,
                     *         "weight": 1,
                     *         "imageQuota": null,
                     *         "checkFirst": true
                     *       },
                     *       "attention": null,
                     *       "waitsFor": null,
                     *       "counts": {
                     *         "total": 2,
                     *         "invalid": 0,
                     *         "waiting": 1,
                     *         "running": 1,
                     *         "attention": 0,
                     *         "succeeded": 0,
                     *         "failed": 0,
                     *         "cancelled": 0
                     *       },
                     *       "phases": {
                     *         "upload": 1
                     *       },
                     *       "importsPerMinute": 0.5,
                     *       "etaSeconds": 240,
                     *       "estimate": {
                     *         "uploadedBytes": 400000000,
                     *         "expectedUploadBytes": null,
                     *         "imageGiB": 0,
                     *         "expectedImageGiB": null,
                     *         "expectedCopyGiB": null,
                     *         "cost": null
                     *       },
                     *       "failures": [],
                     *       "attentions": [],
                     *       "createdBy": {
                     *         "client": "ecs-image-import/0.1.0",
                     *         "user": "ada@build-1",
                     *         "identity": "key:k7f3"
                     *       },
                     *       "createdAt": "2026-11-01T20:00:00.000Z",
                     *       "updatedAt": "2026-11-01T20:04:10.000Z",
                     *       "endedAt": null
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Batch"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The batch does not exist */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.NotFound",
                     *       "title": "The import does not exist",
                     *       "status": 404,
                     *       "detail": "import imp-1 does not exist",
                     *       "code": "Import.NotFound",
                     *       "remedy": "List the imports with GET /v1/imports."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 408: components["responses"]["BodyTimeout"];
            /** @description The batch has already ended */
            readonly 409: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.Conflict",
                     *       "title": "The state of the import does not allow this operation",
                     *       "status": 409,
                     *       "detail": "import imp-1 is in state running and cannot be resumed",
                     *       "code": "Import.Conflict",
                     *       "remedy": "Resume only imports in state attention, and only once for each stop."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 410: components["responses"]["Deleted"];
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["NotJson"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            /** @description Temporal cannot be reached */
            readonly 503: {
                headers: {
                    /** @description Seconds until the next attempt */
                    readonly "Retry-After"?: number;
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Service.Unavailable",
                     *       "title": "A required server cannot be reached",
                     *       "status": 503,
                     *       "detail": "PostgreSQL or Temporal cannot be reached",
                     *       "code": "Service.Unavailable",
                     *       "remedy": "Check GET /readyz to see which one, and send the request again later."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly cancelBatch: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                /**
                 * @example {
                 *       "running": "finish"
                 *     }
                 */
                readonly "application/json": components["schemas"]["BatchCancel"];
            };
        };
        readonly responses: {
            /** @description Accepted; the batch ends in state cancelled */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "bat-01JBM2Q6ZK3T8X",
                     *       "name": "fleet-2026",
                     *       "state": "running",
                     *       "policy": {
                     *         "concurrency": 50,
                     *         "perRegion": null,
                     *         "perBucket": null,
                     *         "canary": [
                     *           5
                     *         ],
                     *         "errorBudget": "5%",
                     *         "errorBudgetAfter": 20,
                     *         "attentionBudget": null,
                     *         "schedule": null,
                     *         "order": "listed",
                     *         "priority": 3,
                     *         "weight": 1,
                     *         "imageQuota": null,
                     *         "checkFirst": true
                     *       },
                     *       "attention": null,
                     *       "waitsFor": null,
                     *       "counts": {
                     *         "total": 2,
                     *         "invalid": 0,
                     *         "waiting": 1,
                     *         "running": 1,
                     *         "attention": 0,
                     *         "succeeded": 0,
                     *         "failed": 0,
                     *         "cancelled": 0
                     *       },
                     *       "phases": {
                     *         "upload": 1
                     *       },
                     *       "importsPerMinute": 0.5,
                     *       "etaSeconds": 240,
                     *       "estimate": {
                     *         "uploadedBytes": 400000000,
                     *         "expectedUploadBytes": null,
                     *         "imageGiB": 0,
                     *         "expectedImageGiB": null,
                     *         "expectedCopyGiB": null,
                     *         "cost": null
                     *       },
                     *       "failures": [],
                     *       "attentions": [],
                     *       "createdBy": {
                     *         "client": "ecs-image-import/0.1.0",
                     *         "user": "ada@build-1",
                     *         "identity": "key:k7f3"
                     *       },
                     *       "createdAt": "2026-11-01T20:00:00.000Z",
                     *       "updatedAt": "2026-11-01T20:04:10.000Z",
                     *       "endedAt": null
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Batch"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The batch does not exist */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.NotFound",
                     *       "title": "The import does not exist",
                     *       "status": 404,
                     *       "detail": "import imp-1 does not exist",
                     *       "code": "Import.NotFound",
                     *       "remedy": "List the imports with GET /v1/imports."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 408: components["responses"]["BodyTimeout"];
            /** @description The batch has already ended */
            readonly 409: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.Conflict",
                     *       "title": "The state of the import does not allow this operation",
                     *       "status": 409,
                     *       "detail": "import imp-1 is in state running and cannot be resumed",
                     *       "code": "Import.Conflict",
                     *       "remedy": "Resume only imports in state attention, and only once for each stop."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 410: components["responses"]["Deleted"];
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["NotJson"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            /** @description Temporal cannot be reached */
            readonly 503: {
                headers: {
                    /** @description Seconds until the next attempt */
                    readonly "Retry-After"?: number;
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Service.Unavailable",
                     *       "title": "A required server cannot be reached",
                     *       "status": 503,
                     *       "detail": "PostgreSQL or Temporal cannot be reached",
                     *       "code": "Service.Unavailable",
                     *       "remedy": "Check GET /readyz to see which one, and send the request again later."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly retryBatch: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                /**
                 * @example {
                 *       "cancelled": true
                 *     }
                 */
                readonly "application/json": components["schemas"]["BatchRetry"];
            };
        };
        readonly responses: {
            /** @description Accepted */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "bat-01JBM2Q6ZK3T8X",
                     *       "name": "fleet-2026",
                     *       "state": "running",
                     *       "policy": {
                     *         "concurrency": 50,
                     *         "perRegion": null,
                     *         "perBucket": null,
                     *         "canary": [
                     *           5
                     *         ],
                     *         "errorBudget": "5%",
                     *         "errorBudgetAfter": 20,
                     *         "attentionBudget": null,
                     *         "schedule": null,
                     *         "order": "listed",
                     *         "priority": 3,
                     *         "weight": 1,
                     *         "imageQuota": null,
                     *         "checkFirst": true
                     *       },
                     *       "attention": null,
                     *       "waitsFor": null,
                     *       "counts": {
                     *         "total": 2,
                     *         "invalid": 0,
                     *         "waiting": 1,
                     *         "running": 1,
                     *         "attention": 0,
                     *         "succeeded": 0,
                     *         "failed": 0,
                     *         "cancelled": 0
                     *       },
                     *       "phases": {
                     *         "upload": 1
                     *       },
                     *       "importsPerMinute": 0.5,
                     *       "etaSeconds": 240,
                     *       "estimate": {
                     *         "uploadedBytes": 400000000,
                     *         "expectedUploadBytes": null,
                     *         "imageGiB": 0,
                     *         "expectedImageGiB": null,
                     *         "expectedCopyGiB": null,
                     *         "cost": null
                     *       },
                     *       "failures": [],
                     *       "attentions": [],
                     *       "createdBy": {
                     *         "client": "ecs-image-import/0.1.0",
                     *         "user": "ada@build-1",
                     *         "identity": "key:k7f3"
                     *       },
                     *       "createdAt": "2026-11-01T20:00:00.000Z",
                     *       "updatedAt": "2026-11-01T20:04:10.000Z",
                     *       "endedAt": null,
                     *       "retried": 1
                     *     }
                     */
                    readonly "application/json": components["schemas"]["RetriedBatch"];
                };
            };
            /** @description An item cannot be retried, or its changed request is invalid; nothing was changed */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Request.Invalid",
                     *       "title": "The request is not valid",
                     *       "status": 400,
                     *       "detail": "statee is not a query parameter of this route; did you mean state?",
                     *       "code": "Request.Invalid",
                     *       "remedy": "Fix the fields in errors[]. Nothing was changed."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The batch does not exist */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.NotFound",
                     *       "title": "The import does not exist",
                     *       "status": 404,
                     *       "detail": "import imp-1 does not exist",
                     *       "code": "Import.NotFound",
                     *       "remedy": "List the imports with GET /v1/imports."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 408: components["responses"]["BodyTimeout"];
            readonly 410: components["responses"]["Deleted"];
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["NotJson"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            /** @description Temporal cannot be reached */
            readonly 503: {
                headers: {
                    /** @description Seconds until the next attempt */
                    readonly "Retry-After"?: number;
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Service.Unavailable",
                     *       "title": "A required server cannot be reached",
                     *       "status": 503,
                     *       "detail": "PostgreSQL or Temporal cannot be reached",
                     *       "code": "Service.Unavailable",
                     *       "remedy": "Check GET /readyz to see which one, and send the request again later."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly changeBatchPolicy: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                /**
                 * @example {
                 *       "concurrency": 100
                 *     }
                 */
                readonly "application/json": components["schemas"]["BatchPolicy"];
            };
        };
        readonly responses: {
            /** @description The policy is in effect */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "bat-01JBM2Q6ZK3T8X",
                     *       "name": "fleet-2026",
                     *       "state": "running",
                     *       "policy": {
                     *         "concurrency": 50,
                     *         "perRegion": null,
                     *         "perBucket": null,
                     *         "canary": [
                     *           5
                     *         ],
                     *         "errorBudget": "5%",
                     *         "errorBudgetAfter": 20,
                     *         "attentionBudget": null,
                     *         "schedule": null,
                     *         "order": "listed",
                     *         "priority": 3,
                     *         "weight": 1,
                     *         "imageQuota": null,
                     *         "checkFirst": true
                     *       },
                     *       "attention": null,
                     *       "waitsFor": null,
                     *       "counts": {
                     *         "total": 2,
                     *         "invalid": 0,
                     *         "waiting": 1,
                     *         "running": 1,
                     *         "attention": 0,
                     *         "succeeded": 0,
                     *         "failed": 0,
                     *         "cancelled": 0
                     *       },
                     *       "phases": {
                     *         "upload": 1
                     *       },
                     *       "importsPerMinute": 0.5,
                     *       "etaSeconds": 240,
                     *       "estimate": {
                     *         "uploadedBytes": 400000000,
                     *         "expectedUploadBytes": null,
                     *         "imageGiB": 0,
                     *         "expectedImageGiB": null,
                     *         "expectedCopyGiB": null,
                     *         "cost": null
                     *       },
                     *       "failures": [],
                     *       "attentions": [],
                     *       "createdBy": {
                     *         "client": "ecs-image-import/0.1.0",
                     *         "user": "ada@build-1",
                     *         "identity": "key:k7f3"
                     *       },
                     *       "createdAt": "2026-11-01T20:00:00.000Z",
                     *       "updatedAt": "2026-11-01T20:04:10.000Z",
                     *       "endedAt": null
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Batch"];
                };
            };
            /** @description The policy is invalid; nothing was changed */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Request.Invalid",
                     *       "title": "The request is not valid",
                     *       "status": 400,
                     *       "detail": "statee is not a query parameter of this route; did you mean state?",
                     *       "code": "Request.Invalid",
                     *       "remedy": "Fix the fields in errors[]. Nothing was changed."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The batch does not exist */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.NotFound",
                     *       "title": "The import does not exist",
                     *       "status": 404,
                     *       "detail": "import imp-1 does not exist",
                     *       "code": "Import.NotFound",
                     *       "remedy": "List the imports with GET /v1/imports."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 408: components["responses"]["BodyTimeout"];
            /** @description The batch has already ended */
            readonly 409: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.Conflict",
                     *       "title": "The state of the import does not allow this operation",
                     *       "status": 409,
                     *       "detail": "import imp-1 is in state running and cannot be resumed",
                     *       "code": "Import.Conflict",
                     *       "remedy": "Resume only imports in state attention, and only once for each stop."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 410: components["responses"]["Deleted"];
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["NotJson"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            /** @description Temporal cannot be reached */
            readonly 503: {
                headers: {
                    /** @description Seconds until the next attempt */
                    readonly "Retry-After"?: number;
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Service.Unavailable",
                     *       "title": "A required server cannot be reached",
                     *       "status": 503,
                     *       "detail": "PostgreSQL or Temporal cannot be reached",
                     *       "code": "Service.Unavailable",
                     *       "remedy": "Check GET /readyz to see which one, and send the request again later."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly streamImportEvents: {
        readonly parameters: {
            readonly query?: {
                /** @description Start after this event; used if Last-Event-ID is absent */
                readonly after?: number;
            };
            readonly header?: {
                /** @description Start after this event */
                readonly "Last-Event-ID"?: string;
            };
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Events */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example event: phase
                     *     data: {"at":"2026-11-01T20:00:00.000Z","type":"phase","phase":"upload","state":"running","message":"upload started","detail":{}}
                     *     id: 7
                     *
                     *     : keep-alive
                     */
                    readonly "text/event-stream": string;
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The import does not exist */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.NotFound",
                     *       "title": "The import does not exist",
                     *       "status": 404,
                     *       "detail": "import imp-1 does not exist",
                     *       "code": "Import.NotFound",
                     *       "remedy": "List the imports with GET /v1/imports."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 410: components["responses"]["Deleted"];
            /** @description The identity has too many open streams, or sends too many requests */
            readonly 429: {
                headers: {
                    /** @description Seconds until the next attempt */
                    readonly "Retry-After"?: number;
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Api.TooManyRequests",
                     *       "title": "Too many requests",
                     *       "status": 429,
                     *       "detail": "address 192.0.2.7 sends too many requests",
                     *       "code": "Api.TooManyRequests",
                     *       "remedy": "Send the request again in 1 s, and fewer at a time."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly listImportFiles: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The names and sizes */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "files": [
                     *         {
                     *           "name": "boot-check.log",
                     *           "contentType": "text/plain; charset=utf-8",
                     *           "size": 4096,
                     *           "createdAt": "2026-11-01T20:00:00.000Z"
                     *         }
                     *       ]
                     *     }
                     */
                    readonly "application/json": components["schemas"]["FileList"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The import does not exist */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.NotFound",
                     *       "title": "The import does not exist",
                     *       "status": 404,
                     *       "detail": "import imp-1 does not exist",
                     *       "code": "Import.NotFound",
                     *       "remedy": "List the imports with GET /v1/imports."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 410: components["responses"]["Deleted"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly getImportFile: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
                readonly name: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The content */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example Debian GNU/Linux 12 web-01 ttyS0
                     *
                     *     web-01 login:
                     */
                    readonly "text/plain": string;
                    readonly "image/png": string;
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The import or the file does not exist */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.NotFound",
                     *       "title": "The import does not exist",
                     *       "status": 404,
                     *       "detail": "import imp-1 does not exist",
                     *       "code": "Import.NotFound",
                     *       "remedy": "List the imports with GET /v1/imports."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 410: components["responses"]["Deleted"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly holdImport: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "reason": "legal case 4711"
                 *     }
                 */
                readonly "application/json": components["schemas"]["HoldRequest"];
            };
        };
        readonly responses: {
            /** @description The hold */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "imp-01JBM2Q6ZK3T8W",
                     *       "reason": "legal case 4711",
                     *       "since": "2026-11-01T20:00:00.000Z",
                     *       "by": {
                     *         "client": "ecs-image-import/0.1.0",
                     *         "user": "ada@build-1",
                     *         "identity": "key:k7f3"
                     *       }
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Hold"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The import does not exist */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.NotFound",
                     *       "title": "The import does not exist",
                     *       "status": 404,
                     *       "detail": "import imp-1 does not exist",
                     *       "code": "Import.NotFound",
                     *       "remedy": "List the imports with GET /v1/imports."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 408: components["responses"]["BodyTimeout"];
            readonly 410: components["responses"]["Deleted"];
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["NotJson"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly releaseImport: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                /** @example {} */
                readonly "application/json": components["schemas"]["ReleaseRequest"];
            };
        };
        readonly responses: {
            /** @description The holds that remain */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "holds": [
                     *         {
                     *           "id": "imp-01JBM2Q6ZK3T8W",
                     *           "reason": "legal case 4711",
                     *           "since": "2026-11-01T20:00:00.000Z",
                     *           "by": {
                     *             "client": "ecs-image-import/0.1.0",
                     *             "user": "ada@build-1",
                     *             "identity": "key:k7f3"
                     *           }
                     *         }
                     *       ]
                     *     }
                     */
                    readonly "application/json": components["schemas"]["HoldList"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The import does not exist */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.NotFound",
                     *       "title": "The import does not exist",
                     *       "status": 404,
                     *       "detail": "import imp-1 does not exist",
                     *       "code": "Import.NotFound",
                     *       "remedy": "List the imports with GET /v1/imports."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 408: components["responses"]["BodyTimeout"];
            readonly 410: components["responses"]["Deleted"];
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["NotJson"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly holdBatch: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "reason": "legal case 4711"
                 *     }
                 */
                readonly "application/json": components["schemas"]["HoldRequest"];
            };
        };
        readonly responses: {
            /** @description The hold */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "imp-01JBM2Q6ZK3T8W",
                     *       "reason": "legal case 4711",
                     *       "since": "2026-11-01T20:00:00.000Z",
                     *       "by": {
                     *         "client": "ecs-image-import/0.1.0",
                     *         "user": "ada@build-1",
                     *         "identity": "key:k7f3"
                     *       }
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Hold"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The batch does not exist */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.NotFound",
                     *       "title": "The import does not exist",
                     *       "status": 404,
                     *       "detail": "import imp-1 does not exist",
                     *       "code": "Import.NotFound",
                     *       "remedy": "List the imports with GET /v1/imports."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 408: components["responses"]["BodyTimeout"];
            readonly 410: components["responses"]["Deleted"];
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["NotJson"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly releaseBatch: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                /** @example {} */
                readonly "application/json": components["schemas"]["ReleaseRequest"];
            };
        };
        readonly responses: {
            /** @description The holds that remain */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "holds": [
                     *         {
                     *           "id": "imp-01JBM2Q6ZK3T8W",
                     *           "reason": "legal case 4711",
                     *           "since": "2026-11-01T20:00:00.000Z",
                     *           "by": {
                     *             "client": "ecs-image-import/0.1.0",
                     *             "user": "ada@build-1",
                     *             "identity": "key:k7f3"
                     *           }
                     *         }
                     *       ]
                     *     }
                     */
                    readonly "application/json": components["schemas"]["HoldList"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The batch does not exist */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.NotFound",
                     *       "title": "The import does not exist",
                     *       "status": 404,
                     *       "detail": "import imp-1 does not exist",
                     *       "code": "Import.NotFound",
                     *       "remedy": "List the imports with GET /v1/imports."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 408: components["responses"]["BodyTimeout"];
            readonly 410: components["responses"]["Deleted"];
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["NotJson"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly listHolds: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The holds of imports and batches */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "holds": [
                     *         {
                     *           "id": "imp-01JBM2Q6ZK3T8W",
                     *           "reason": "legal case 4711",
                     *           "since": "2026-11-01T20:00:00.000Z",
                     *           "by": {
                     *             "client": "ecs-image-import/0.1.0",
                     *             "user": "ada@build-1",
                     *             "identity": "key:k7f3"
                     *           }
                     *         }
                     *       ]
                     *     }
                     */
                    readonly "application/json": components["schemas"]["HoldList"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly listInspections: {
        readonly parameters: {
            readonly query?: {
                /** @description nextCursor of the previous page */
                readonly cursor?: string;
                /** @description The size of the page. Larger values than 200 count as 200 */
                readonly limit?: number;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description A page */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "inspections": [
                     *         {
                     *           "id": "ins-01JBM2Q6ZK3T8Z",
                     *           "createdAt": "2026-11-01T20:00:00.000Z",
                     *           "createdBy": {
                     *             "client": "ecs-image-import/0.1.0",
                     *             "user": "ada@build-1",
                     *             "identity": "key:k7f3"
                     *           },
                     *           "role": "system",
                     *           "source": "file:///images/web-01.qcow2",
                     *           "format": "QCOW2",
                     *           "osName": "Debian GNU/Linux 12",
                     *           "blocking": 0,
                     *           "warnings": 1
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    readonly "application/json": components["schemas"]["InspectionList"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly inspectImage: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "source": "file:///images/web-01.qcow2"
                 *     }
                 */
                readonly "application/json": components["schemas"]["InspectionRequest"];
            };
        };
        readonly responses: {
            /** @description The properties of the image and the findings */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "ins-01JBM2Q6ZK3T8Z",
                     *       "createdAt": "2026-11-01T20:00:00.000Z",
                     *       "createdBy": {
                     *         "client": "ecs-image-import/0.1.0",
                     *         "user": "ada@build-1",
                     *         "identity": "key:k7f3"
                     *       },
                     *       "role": "system",
                     *       "source": "file:///images/web-01.qcow2",
                     *       "format": "QCOW2",
                     *       "subformat": null,
                     *       "virtualSize": 2147483648,
                     *       "fileSize": 320000000,
                     *       "allocatedSize": 320000000,
                     *       "contains": null,
                     *       "diskImageSizeGiB": 2,
                     *       "partitionTable": "gpt",
                     *       "volumes": [
                     *         {
                     *           "name": "/dev/sda1",
                     *           "size": 2000000000,
                     *           "content": "ext4",
                     *           "uuid": null,
                     *           "label": null
                     *         }
                     *       ],
                     *       "architecture": "x86_64",
                     *       "bootMode": "UEFI",
                     *       "bootModes": [
                     *         "BIOS",
                     *         "UEFI"
                     *       ],
                     *       "bootChain": [],
                     *       "osType": "linux",
                     *       "platform": "Debian",
                     *       "osVersion": "12",
                     *       "osName": "Debian GNU/Linux 12",
                     *       "kernelVersion": "6.1.0",
                     *       "cloudInitVersion": null,
                     *       "hostName": null,
                     *       "packageFormat": "deb",
                     *       "mounts": [],
                     *       "nvmeSupport": "supported",
                     *       "findings": [
                     *         {
                     *           "code": "GUESTOS.CloudInit",
                     *           "severity": "warning",
                     *           "source": "inspection",
                     *           "disk": 1,
                     *           "message": "cloud-init is not installed",
                     *           "evidence": "no /usr/bin/cloud-init in /dev/sda1",
                     *           "remedy": "apt-get install cloud-init"
                     *         }
                     *       ],
                     *       "depth": "guest"
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Inspection"];
                };
            };
            /** @description The request is invalid, the file cannot be read, or imports may not read it */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Request.Invalid",
                     *       "title": "The request is not valid",
                     *       "status": 400,
                     *       "detail": "statee is not a query parameter of this route; did you mean state?",
                     *       "code": "Request.Invalid",
                     *       "remedy": "Fix the fields in errors[]. Nothing was changed."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The file does not exist on the worker */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.NotFound",
                     *       "title": "The import does not exist",
                     *       "status": 404,
                     *       "detail": "import imp-1 does not exist",
                     *       "code": "Import.NotFound",
                     *       "remedy": "List the imports with GET /v1/imports."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 408: components["responses"]["BodyTimeout"];
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["NotJson"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            /** @description No worker of the host responds */
            readonly 503: {
                headers: {
                    /** @description Seconds until the next attempt */
                    readonly "Retry-After"?: number;
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Service.Unavailable",
                     *       "title": "A required server cannot be reached",
                     *       "status": 503,
                     *       "detail": "PostgreSQL or Temporal cannot be reached",
                     *       "code": "Service.Unavailable",
                     *       "remedy": "Check GET /readyz to see which one, and send the request again later."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getInspection: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The properties of the image and the findings */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "ins-01JBM2Q6ZK3T8Z",
                     *       "createdAt": "2026-11-01T20:00:00.000Z",
                     *       "createdBy": {
                     *         "client": "ecs-image-import/0.1.0",
                     *         "user": "ada@build-1",
                     *         "identity": "key:k7f3"
                     *       },
                     *       "role": "system",
                     *       "source": "file:///images/web-01.qcow2",
                     *       "format": "QCOW2",
                     *       "subformat": null,
                     *       "virtualSize": 2147483648,
                     *       "fileSize": 320000000,
                     *       "allocatedSize": 320000000,
                     *       "contains": null,
                     *       "diskImageSizeGiB": 2,
                     *       "partitionTable": "gpt",
                     *       "volumes": [
                     *         {
                     *           "name": "/dev/sda1",
                     *           "size": 2000000000,
                     *           "content": "ext4",
                     *           "uuid": null,
                     *           "label": null
                     *         }
                     *       ],
                     *       "architecture": "x86_64",
                     *       "bootMode": "UEFI",
                     *       "bootModes": [
                     *         "BIOS",
                     *         "UEFI"
                     *       ],
                     *       "bootChain": [],
                     *       "osType": "linux",
                     *       "platform": "Debian",
                     *       "osVersion": "12",
                     *       "osName": "Debian GNU/Linux 12",
                     *       "kernelVersion": "6.1.0",
                     *       "cloudInitVersion": null,
                     *       "hostName": null,
                     *       "packageFormat": "deb",
                     *       "mounts": [],
                     *       "nvmeSupport": "supported",
                     *       "findings": [
                     *         {
                     *           "code": "GUESTOS.CloudInit",
                     *           "severity": "warning",
                     *           "source": "inspection",
                     *           "disk": 1,
                     *           "message": "cloud-init is not installed",
                     *           "evidence": "no /usr/bin/cloud-init in /dev/sda1",
                     *           "remedy": "apt-get install cloud-init"
                     *         }
                     *       ],
                     *       "depth": "guest"
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Inspection"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The inspection does not exist, or is older than 180 days */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.NotFound",
                     *       "title": "The import does not exist",
                     *       "status": 404,
                     *       "detail": "import imp-1 does not exist",
                     *       "code": "Import.NotFound",
                     *       "remedy": "List the imports with GET /v1/imports."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly listKeys: {
        readonly parameters: {
            readonly query?: {
                /** @description nextCursor of the previous page */
                readonly cursor?: string;
                /** @description The size of the page. Larger values than 500 count as 500 */
                readonly limit?: number;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description A page */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "keys": [
                     *         {
                     *           "prefix": "k7f3q2m9x0",
                     *           "name": "web team",
                     *           "role": "operator",
                     *           "scope": {
                     *             "regions": [
                     *               "cn-*"
                     *             ],
                     *             "buckets": [
                     *               "team-a-*"
                     *             ],
                     *             "tags": [
                     *               {
                     *                 "key": "team",
                     *                 "value": "web"
                     *               }
                     *             ],
                     *             "sourceRoots": [
                     *               "/images/team-a"
                     *             ]
                     *           },
                     *           "state": "active",
                     *           "createdAt": "2026-11-01T20:00:00.000Z",
                     *           "createdBy": "local",
                     *           "revokedAt": null,
                     *           "revokedBy": null,
                     *           "secrets": [
                     *             {
                     *               "createdAt": "2026-11-01T20:00:00.000Z",
                     *               "expiresAt": "2027-01-30T20:00:00.000Z",
                     *               "lastUsedAt": "2026-11-01T20:04:10.000Z"
                     *             }
                     *           ]
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    readonly "application/json": components["schemas"]["KeyList"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly createKey: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "name": "web team",
                 *       "role": "operator",
                 *       "scope": {
                 *         "regions": [
                 *           "cn-*"
                 *         ],
                 *         "buckets": [
                 *           "team-a-*"
                 *         ],
                 *         "tags": [
                 *           {
                 *             "key": "team",
                 *             "value": "web"
                 *           }
                 *         ],
                 *         "sourceRoots": [
                 *           "/images/team-a"
                 *         ]
                 *       },
                 *       "expiresInSeconds": 7776000
                 *     }
                 */
                readonly "application/json": components["schemas"]["NewKey"];
            };
        };
        readonly responses: {
            /** @description The key */
            readonly 201: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "prefix": "k7f3q2m9x0",
                     *       "name": "web team",
                     *       "role": "operator",
                     *       "scope": {
                     *         "regions": [
                     *           "cn-*"
                     *         ],
                     *         "buckets": [
                     *           "team-a-*"
                     *         ],
                     *         "tags": [
                     *           {
                     *             "key": "team",
                     *             "value": "web"
                     *           }
                     *         ],
                     *         "sourceRoots": [
                     *           "/images/team-a"
                     *         ]
                     *       },
                     *       "state": "active",
                     *       "createdAt": "2026-11-01T20:00:00.000Z",
                     *       "createdBy": "local",
                     *       "revokedAt": null,
                     *       "revokedBy": null,
                     *       "secrets": [
                     *         {
                     *           "createdAt": "2026-11-01T20:00:00.000Z",
                     *           "expiresAt": "2027-01-30T20:00:00.000Z",
                     *           "lastUsedAt": "2026-11-01T20:04:10.000Z"
                     *         }
                     *       ],
                     *       "key": "eii_k7f3q2m9x0_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                     *     }
                     */
                    readonly "application/json": components["schemas"]["CreatedKey"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 408: components["responses"]["BodyTimeout"];
            /** @description There are too many keys */
            readonly 409: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.Conflict",
                     *       "title": "The state of the import does not allow this operation",
                     *       "status": 409,
                     *       "detail": "import imp-1 is in state running and cannot be resumed",
                     *       "code": "Import.Conflict",
                     *       "remedy": "Resume only imports in state attention, and only once for each stop."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["NotJson"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly rotateKey: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                /**
                 * @example {
                 *       "overlapSeconds": 86400
                 *     }
                 */
                readonly "application/json": components["schemas"]["KeyRotation"];
            };
        };
        readonly responses: {
            /** @description The key with its new secret */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "prefix": "k7f3q2m9x0",
                     *       "name": "web team",
                     *       "role": "operator",
                     *       "scope": {
                     *         "regions": [
                     *           "cn-*"
                     *         ],
                     *         "buckets": [
                     *           "team-a-*"
                     *         ],
                     *         "tags": [
                     *           {
                     *             "key": "team",
                     *             "value": "web"
                     *           }
                     *         ],
                     *         "sourceRoots": [
                     *           "/images/team-a"
                     *         ]
                     *       },
                     *       "state": "active",
                     *       "createdAt": "2026-11-01T20:00:00.000Z",
                     *       "createdBy": "local",
                     *       "revokedAt": null,
                     *       "revokedBy": null,
                     *       "secrets": [
                     *         {
                     *           "createdAt": "2026-11-01T20:00:00.000Z",
                     *           "expiresAt": "2027-01-30T20:00:00.000Z",
                     *           "lastUsedAt": "2026-11-01T20:04:10.000Z"
                     *         }
                     *       ],
                     *       "key": "eii_k7f3q2m9x0_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                     *     }
                     */
                    readonly "application/json": components["schemas"]["CreatedKey"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The key does not exist */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.NotFound",
                     *       "title": "The import does not exist",
                     *       "status": 404,
                     *       "detail": "import imp-1 does not exist",
                     *       "code": "Import.NotFound",
                     *       "remedy": "List the imports with GET /v1/imports."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 408: components["responses"]["BodyTimeout"];
            /** @description The key was revoked */
            readonly 409: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.Conflict",
                     *       "title": "The state of the import does not allow this operation",
                     *       "status": 409,
                     *       "detail": "import imp-1 is in state running and cannot be resumed",
                     *       "code": "Import.Conflict",
                     *       "remedy": "Resume only imports in state attention, and only once for each stop."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["NotJson"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly revokeKey: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                /** @example {} */
                readonly "application/json": components["schemas"]["KeyRevocation"];
            };
        };
        readonly responses: {
            /** @description The key */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "prefix": "k7f3q2m9x0",
                     *       "name": "web team",
                     *       "role": "operator",
                     *       "scope": {
                     *         "regions": [
                     *           "cn-*"
                     *         ],
                     *         "buckets": [
                     *           "team-a-*"
                     *         ],
                     *         "tags": [
                     *           {
                     *             "key": "team",
                     *             "value": "web"
                     *           }
                     *         ],
                     *         "sourceRoots": [
                     *           "/images/team-a"
                     *         ]
                     *       },
                     *       "state": "active",
                     *       "createdAt": "2026-11-01T20:00:00.000Z",
                     *       "createdBy": "local",
                     *       "revokedAt": null,
                     *       "revokedBy": null,
                     *       "secrets": [
                     *         {
                     *           "createdAt": "2026-11-01T20:00:00.000Z",
                     *           "expiresAt": "2027-01-30T20:00:00.000Z",
                     *           "lastUsedAt": "2026-11-01T20:04:10.000Z"
                     *         }
                     *       ]
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Key"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The key does not exist */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.NotFound",
                     *       "title": "The import does not exist",
                     *       "status": 404,
                     *       "detail": "import imp-1 does not exist",
                     *       "code": "Import.NotFound",
                     *       "remedy": "List the imports with GET /v1/imports."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 408: components["responses"]["BodyTimeout"];
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["NotJson"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly listAudit: {
        readonly parameters: {
            readonly query?: {
                /** @description Only of this identity, such as key:PREFIX */
                readonly identity?: string;
                /** @description Only this action, such as imports.start */
                readonly action?: string;
                /** @description Only on this import, batch or key */
                readonly target?: string;
                /** @description Only with this outcome */
                readonly outcome?: "done" | "refused" | "failed" | "unknown";
                /** @description Only at this time or later */
                readonly since?: string;
                /** @description Only before this time */
                readonly until?: string;
                /** @description nextCursor of the previous page */
                readonly cursor?: number;
                /** @description The size of the page. Larger values than 1000 count as 1000 */
                readonly limit?: number;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description A page */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "entries": [
                     *         {
                     *           "id": 4711,
                     *           "at": "2026-11-01T20:00:00.000Z",
                     *           "identity": "key:k7f3q2m9x0",
                     *           "role": "operator",
                     *           "address": "10.0.0.7",
                     *           "client": "ecs-image-import/0.1.0",
                     *           "user": "ada@build-1",
                     *           "action": "imports.cancel",
                     *           "target": "imp-01JBM2Q6ZK3T8W",
                     *           "outcome": "done",
                     *           "status": 202,
                     *           "code": null,
                     *           "count": 1
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    readonly "application/json": components["schemas"]["AuditList"];
                    /**
                     * @example {
                     *       "id": 4711,
                     *       "at": "2026-11-01T20:00:00.000Z",
                     *       "identity": "key:k7f3q2m9x0",
                     *       "role": "operator",
                     *       "address": "10.0.0.7",
                     *       "client": "ecs-image-import/0.1.0",
                     *       "user": "ada@build-1",
                     *       "action": "imports.cancel",
                     *       "target": "imp-01JBM2Q6ZK3T8W",
                     *       "outcome": "done",
                     *       "status": 202,
                     *       "code": null,
                     *       "count": 1
                     *     }
                     */
                    readonly "application/x-ndjson": components["schemas"]["AuditEntry"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly sweepOrphans: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                /**
                 * @example {
                 *       "delete": false
                 *     }
                 */
                readonly "application/json": components["schemas"]["OrphanSweepInput"];
            };
        };
        readonly responses: {
            /** @description The orphans, and those that were deleted */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "orphans": [
                     *         {
                     *           "kind": "object",
                     *           "importId": "imp-01JBM2Q6ZK3T8W",
                     *           "account": null,
                     *           "regionId": "cn-hangzhou",
                     *           "key": "oss://my-bucket/imports/web-01.qcow2",
                     *           "name": "web-01.qcow2",
                     *           "bytes": 320000000,
                     *           "since": "2026-11-01T20:00:00.000Z",
                     *           "why": "its import has ended",
                     *           "monthlyCny": 0.04,
                     *           "foreign": false
                     *         }
                     *       ],
                     *       "deleted": [],
                     *       "left": [],
                     *       "unseen": []
                     *     }
                     */
                    readonly "application/json": components["schemas"]["OrphanSweep"];
                };
            };
            /** @description The account is not configured */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Request.Invalid",
                     *       "title": "The request is not valid",
                     *       "status": 400,
                     *       "detail": "statee is not a query parameter of this route; did you mean state?",
                     *       "code": "Request.Invalid",
                     *       "remedy": "Fix the fields in errors[]. Nothing was changed."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 408: components["responses"]["BodyTimeout"];
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["NotJson"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            /** @description No worker responds */
            readonly 503: {
                headers: {
                    /** @description Seconds until the next attempt */
                    readonly "Retry-After"?: number;
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Service.Unavailable",
                     *       "title": "A required server cannot be reached",
                     *       "status": 503,
                     *       "detail": "PostgreSQL or Temporal cannot be reached",
                     *       "code": "Service.Unavailable",
                     *       "remedy": "Check GET /readyz to see which one, and send the request again later."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly reconcile: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                /**
                 * @example {
                 *       "apply": false
                 *     }
                 */
                readonly "application/json": components["schemas"]["ReconcileInput"];
            };
        };
        readonly responses: {
            /** @description The imports and batches, and those that were ended */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "connected": {
                     *         "namespace": "default",
                     *         "namespaceId": "32049b68-7872-4094-8e63-d0dd59896a83",
                     *         "clusterId": "active"
                     *       },
                     *       "lost": [
                     *         {
                     *           "kind": "import",
                     *           "id": "imp-01JBM2Q6ZK3T8W",
                     *           "code": "Import.WorkflowMissing",
                     *           "message": "Temporal does not run its workflow",
                     *           "startedIn": {
                     *             "namespace": "default",
                     *             "namespaceId": "32049b68-7872-4094-8e63-d0dd59896a83",
                     *             "clusterId": "active"
                     *           },
                     *           "action": "clean-up"
                     *         }
                     *       ],
                     *       "unchecked": 0,
                     *       "done": [],
                     *       "left": []
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Reconciliation"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 408: components["responses"]["BodyTimeout"];
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["NotJson"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            /** @description Temporal cannot be reached; nothing was changed */
            readonly 503: {
                headers: {
                    /** @description Seconds until the next attempt */
                    readonly "Retry-After"?: number;
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Service.Unavailable",
                     *       "title": "A required server cannot be reached",
                     *       "status": 503,
                     *       "detail": "PostgreSQL or Temporal cannot be reached",
                     *       "code": "Service.Unavailable",
                     *       "remedy": "Check GET /readyz to see which one, and send the request again later."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly listWebhooks: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The webhooks */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "webhooks": [
                     *         {
                     *           "id": "whk-01JBM2Q6ZK3T8Y",
                     *           "url": "https://hooks.example.com/imports",
                     *           "description": "team channel",
                     *           "events": [
                     *             "import.failed",
                     *             "import.attention"
                     *           ],
                     *           "state": "enabled",
                     *           "disabled": null,
                     *           "failingSince": null,
                     *           "lastSuccessAt": "2026-11-01T20:04:10.000Z",
                     *           "previousSecretUntil": null,
                     *           "createdBy": {
                     *             "id": "key:k7f3",
                     *             "name": "ci"
                     *           },
                     *           "createdAt": "2026-11-01T20:00:00.000Z"
                     *         }
                     *       ]
                     *     }
                     */
                    readonly "application/json": components["schemas"]["WebhookList"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly createWebhook: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "url": "https://hooks.example.com/imports",
                 *       "events": [
                 *         "import.failed",
                 *         "import.attention"
                 *       ]
                 *     }
                 */
                readonly "application/json": components["schemas"]["WebhookCreate"];
            };
        };
        readonly responses: {
            /** @description The webhook with its secret */
            readonly 201: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "whk-01JBM2Q6ZK3T8Y",
                     *       "url": "https://hooks.example.com/imports",
                     *       "description": "team channel",
                     *       "events": [
                     *         "import.failed",
                     *         "import.attention"
                     *       ],
                     *       "state": "enabled",
                     *       "disabled": null,
                     *       "failingSince": null,
                     *       "lastSuccessAt": "2026-11-01T20:04:10.000Z",
                     *       "previousSecretUntil": null,
                     *       "createdBy": {
                     *         "id": "key:k7f3",
                     *         "name": "ci"
                     *       },
                     *       "createdAt": "2026-11-01T20:00:00.000Z",
                     *       "secret": "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
                     *     }
                     */
                    readonly "application/json": components["schemas"]["WebhookWithSecret"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 408: components["responses"]["BodyTimeout"];
            /** @description There are too many */
            readonly 409: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.Conflict",
                     *       "title": "The state of the import does not allow this operation",
                     *       "status": 409,
                     *       "detail": "import imp-1 is in state running and cannot be resumed",
                     *       "code": "Import.Conflict",
                     *       "remedy": "Resume only imports in state attention, and only once for each stop."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["NotJson"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly showWebhook: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The webhook */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "whk-01JBM2Q6ZK3T8Y",
                     *       "url": "https://hooks.example.com/imports",
                     *       "description": "team channel",
                     *       "events": [
                     *         "import.failed",
                     *         "import.attention"
                     *       ],
                     *       "state": "enabled",
                     *       "disabled": null,
                     *       "failingSince": null,
                     *       "lastSuccessAt": "2026-11-01T20:04:10.000Z",
                     *       "previousSecretUntil": null,
                     *       "createdBy": {
                     *         "id": "key:k7f3",
                     *         "name": "ci"
                     *       },
                     *       "createdAt": "2026-11-01T20:00:00.000Z"
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Webhook"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The webhook does not exist, or belongs to another user */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.NotFound",
                     *       "title": "The import does not exist",
                     *       "status": 404,
                     *       "detail": "import imp-1 does not exist",
                     *       "code": "Import.NotFound",
                     *       "remedy": "List the imports with GET /v1/imports."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly deleteWebhook: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description It is deleted */
            readonly 204: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The webhook does not exist, or belongs to another user */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.NotFound",
                     *       "title": "The import does not exist",
                     *       "status": 404,
                     *       "detail": "import imp-1 does not exist",
                     *       "code": "Import.NotFound",
                     *       "remedy": "List the imports with GET /v1/imports."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly testWebhook: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                /** @example {} */
                readonly "application/json": components["schemas"]["WebhookAction"];
            };
        };
        readonly responses: {
            /** @description The delivery; its log shows the result */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "msg_4711_whk_01JBM2Q6ZK3T8Y",
                     *       "type": "import.failed",
                     *       "state": "delivered",
                     *       "attempts": 1,
                     *       "nextAttemptAt": null,
                     *       "log": [
                     *         {
                     *           "attempt": 1,
                     *           "at": "2026-11-01T20:00:00.000Z",
                     *           "durationMs": 87,
                     *           "status": 204,
                     *           "error": null,
                     *           "answer": ""
                     *         }
                     *       ],
                     *       "createdAt": "2026-11-01T20:00:00.000Z",
                     *       "endedAt": "2026-11-01T20:00:00.000Z"
                     *     }
                     */
                    readonly "application/json": components["schemas"]["WebhookDelivery"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The webhook does not exist, or belongs to another user */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.NotFound",
                     *       "title": "The import does not exist",
                     *       "status": 404,
                     *       "detail": "import imp-1 does not exist",
                     *       "code": "Import.NotFound",
                     *       "remedy": "List the imports with GET /v1/imports."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 408: components["responses"]["BodyTimeout"];
            /** @description The webhook is disabled */
            readonly 409: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.Conflict",
                     *       "title": "The state of the import does not allow this operation",
                     *       "status": 409,
                     *       "detail": "import imp-1 is in state running and cannot be resumed",
                     *       "code": "Import.Conflict",
                     *       "remedy": "Resume only imports in state attention, and only once for each stop."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["NotJson"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly rotateWebhookSecret: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                /**
                 * @example {
                 *       "overlapHours": 24
                 *     }
                 */
                readonly "application/json": components["schemas"]["WebhookRotate"];
            };
        };
        readonly responses: {
            /** @description The webhook with its new secret */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "whk-01JBM2Q6ZK3T8Y",
                     *       "url": "https://hooks.example.com/imports",
                     *       "description": "team channel",
                     *       "events": [
                     *         "import.failed",
                     *         "import.attention"
                     *       ],
                     *       "state": "enabled",
                     *       "disabled": null,
                     *       "failingSince": null,
                     *       "lastSuccessAt": "2026-11-01T20:04:10.000Z",
                     *       "previousSecretUntil": null,
                     *       "createdBy": {
                     *         "id": "key:k7f3",
                     *         "name": "ci"
                     *       },
                     *       "createdAt": "2026-11-01T20:00:00.000Z",
                     *       "secret": "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
                     *     }
                     */
                    readonly "application/json": components["schemas"]["WebhookWithSecret"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The webhook does not exist, or belongs to another user */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.NotFound",
                     *       "title": "The import does not exist",
                     *       "status": 404,
                     *       "detail": "import imp-1 does not exist",
                     *       "code": "Import.NotFound",
                     *       "remedy": "List the imports with GET /v1/imports."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 408: components["responses"]["BodyTimeout"];
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["NotJson"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly enableWebhook: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                /** @example {} */
                readonly "application/json": components["schemas"]["WebhookAction"];
            };
        };
        readonly responses: {
            /** @description The webhook */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "whk-01JBM2Q6ZK3T8Y",
                     *       "url": "https://hooks.example.com/imports",
                     *       "description": "team channel",
                     *       "events": [
                     *         "import.failed",
                     *         "import.attention"
                     *       ],
                     *       "state": "enabled",
                     *       "disabled": null,
                     *       "failingSince": null,
                     *       "lastSuccessAt": "2026-11-01T20:04:10.000Z",
                     *       "previousSecretUntil": null,
                     *       "createdBy": {
                     *         "id": "key:k7f3",
                     *         "name": "ci"
                     *       },
                     *       "createdAt": "2026-11-01T20:00:00.000Z"
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Webhook"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The webhook does not exist, or belongs to another user */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.NotFound",
                     *       "title": "The import does not exist",
                     *       "status": 404,
                     *       "detail": "import imp-1 does not exist",
                     *       "code": "Import.NotFound",
                     *       "remedy": "List the imports with GET /v1/imports."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 408: components["responses"]["BodyTimeout"];
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["NotJson"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly listWebhookDeliveries: {
        readonly parameters: {
            readonly query?: {
                /** @description Only deliveries in this state */
                readonly state?: "pending" | "delivered" | "dead";
                /** @description nextCursor of the previous page */
                readonly cursor?: number;
                /** @description The size of the page. Larger values than 200 count as 200 */
                readonly limit?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description A page */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "deliveries": [
                     *         {
                     *           "id": "msg_4711_whk_01JBM2Q6ZK3T8Y",
                     *           "type": "import.failed",
                     *           "state": "delivered",
                     *           "attempts": 1,
                     *           "nextAttemptAt": null,
                     *           "log": [
                     *             {
                     *               "attempt": 1,
                     *               "at": "2026-11-01T20:00:00.000Z",
                     *               "durationMs": 87,
                     *               "status": 204,
                     *               "error": null,
                     *               "answer": ""
                     *             }
                     *           ],
                     *           "createdAt": "2026-11-01T20:00:00.000Z",
                     *           "endedAt": "2026-11-01T20:00:00.000Z"
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    readonly "application/json": components["schemas"]["WebhookDeliveryList"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The webhook does not exist, or belongs to another user */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.NotFound",
                     *       "title": "The import does not exist",
                     *       "status": 404,
                     *       "detail": "import imp-1 does not exist",
                     *       "code": "Import.NotFound",
                     *       "remedy": "List the imports with GET /v1/imports."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly showWebhookDelivery: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
                readonly name: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The delivery */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "msg_4711_whk_01JBM2Q6ZK3T8Y",
                     *       "type": "import.failed",
                     *       "state": "delivered",
                     *       "attempts": 1,
                     *       "nextAttemptAt": null,
                     *       "log": [
                     *         {
                     *           "attempt": 1,
                     *           "at": "2026-11-01T20:00:00.000Z",
                     *           "durationMs": 87,
                     *           "status": 204,
                     *           "error": null,
                     *           "answer": ""
                     *         }
                     *       ],
                     *       "createdAt": "2026-11-01T20:00:00.000Z",
                     *       "endedAt": "2026-11-01T20:00:00.000Z"
                     *     }
                     */
                    readonly "application/json": components["schemas"]["WebhookDelivery"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The delivery does not exist */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.NotFound",
                     *       "title": "The import does not exist",
                     *       "status": 404,
                     *       "detail": "import imp-1 does not exist",
                     *       "code": "Import.NotFound",
                     *       "remedy": "List the imports with GET /v1/imports."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly redeliverWebhook: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                /**
                 * @example {
                 *       "since": "2026-11-01T20:00:00.000Z"
                 *     }
                 */
                readonly "application/json": components["schemas"]["WebhookRedeliver"];
            };
        };
        readonly responses: {
            /** @description Accepted */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "redelivered": 3
                     *     }
                     */
                    readonly "application/json": components["schemas"]["WebhookRedelivered"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            /** @description The webhook does not exist, or belongs to another user */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.NotFound",
                     *       "title": "The import does not exist",
                     *       "status": 404,
                     *       "detail": "import imp-1 does not exist",
                     *       "code": "Import.NotFound",
                     *       "remedy": "List the imports with GET /v1/imports."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 408: components["responses"]["BodyTimeout"];
            /** @description The webhook is disabled */
            readonly 409: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:ecs-image-import:problem:Import.Conflict",
                     *       "title": "The state of the import does not allow this operation",
                     *       "status": 409,
                     *       "detail": "import imp-1 is in state running and cannot be resumed",
                     *       "code": "Import.Conflict",
                     *       "remedy": "Resume only imports in state attention, and only once for each stop."
                     *     }
                     */
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["NotJson"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly decodePayloads: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                /**
                 * @example {
                 *       "payloads": [
                 *         {
                 *           "metadata": {
                 *             "encoding": "anNvbi9wbGFpbg=="
                 *           },
                 *           "data": "e30="
                 *         }
                 *       ]
                 *     }
                 */
                readonly "application/json": components["schemas"]["Payloads"];
            };
        };
        readonly responses: {
            /** @description The payloads in the same order */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "payloads": [
                     *         {
                     *           "metadata": {
                     *             "encoding": "anNvbi9wbGFpbg=="
                     *           },
                     *           "data": "e30="
                     *         }
                     *       ]
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Payloads"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 408: components["responses"]["BodyTimeout"];
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["NotJson"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly openApiDocument: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description OpenAPI 3.1 */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "openapi": "3.1.0"
                     *     }
                     */
                    readonly "application/json": components["schemas"]["OpenApi"];
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly metrics: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Metrics */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example Debian GNU/Linux 12 web-01 ttyS0
                     *
                     *     web-01 login:
                     */
                    readonly "text/plain": string;
                };
            };
            readonly 400: components["responses"]["Invalid"];
            readonly 401: components["responses"]["Unauthorized"];
            readonly 403: components["responses"]["Forbidden"];
            readonly 429: components["responses"]["TooManyRequests"];
            readonly 500: components["responses"]["Unexpected"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
}
