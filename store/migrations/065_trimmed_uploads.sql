-- lowest version: 0.1.0
-- Uploads without the free blocks of the disk's file systems: other bytes than those of the same content as a whole.

alter table uploads drop constraint uploads_form_check;
alter table uploads add constraint uploads_form_check check (form in ('as-is', 'converted', 'trimmed')) not valid;
