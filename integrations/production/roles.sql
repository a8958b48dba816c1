-- The roles and databases of a production setup on one PostgreSQL server (docs/production.md). Run it once as a superuser:
--   psql -v temporal_password=… -v owner_password=… -v app_password=… -f roles.sql
-- Workers and APIs are ecs_app, which cannot change tables or the audit log. Migrations run as ecs_owner.
CREATE ROLE temporal LOGIN PASSWORD :'temporal_password';
CREATE ROLE ecs_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE ecs_app LOGIN PASSWORD :'app_password';
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
CREATE DATABASE ecs_image_import OWNER ecs_owner;
