ALTER TABLE ONLY public.tools_rows ADD CONSTRAINT tools_rows_pkey PRIMARY KEY (i);
ALTER TABLE public.tools_rows OWNER TO app;
alter table "knex_rows" add constraint "knex_rows_name_unique" unique ("name")
alter table "laravel_rows" add constraint "laravel_rows_name_unique" unique ("name")
alter table pgbench_accounts add primary key (aid)
alter table pgbench_branches add primary key (bid)
alter table pgbench_tellers add primary key (tid)
BEGIN
BEGIN ISOLATION LEVEL READ COMMITTED
BEGIN ISOLATION LEVEL REPEATABLE READ
BEGIN ISOLATION LEVEL SERIALIZABLE
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY
BEGIN READ ONLY
BEGIN READ WRITE
BEGIN TRANSACTION ISOLATION LEVEL serializable;
BEGIN TRANSACTION READ ONLY;
begin
begin isolation level serializable
begin isolation level serializable read write
begin transaction
BEGIN;
BEGIN; SET LOCAL lock_timeout = '30s'; SET LOCAL idle_in_transaction_session_timeout = '30s'; SELECT pg_advisory_xact_lock( ('x' || encode(sha224((current_database() || '.pgboss.boss_test')::bytea), 'hex'))::bit(64)::bigint ); CREATE SCHEMA IF NOT EXISTS boss_test ; CREATE TYPE boss_test.job_state AS ENUM ( 'created', 'retry', 'active', 'completed', 'cancelled', 'failed' ) ; CREATE TABLE boss_test.version ( version int primary key, maintained_on timestamp with time zone, cron_on timestamp with time zone, monitored_on timestamp with time zone ) ; CREATE TABLE boss_test.queue ( name text, policy text, retry_limit int, retry_delay int, retry_backoff bool, expire_seconds int, retention_minutes int, dead_letter text REFERENCES boss_test.queue (name), partition_name text, created_on timestamp with time zone not null default now(), updated_on timestamp with time zone not null default now(), PRIMARY KEY (name) ) ; CREATE TABLE boss_test.schedule ( name text REFERENCES boss_test.queue ON DELETE CASCADE, cron text not null, timezone text, data jsonb, options jsonb, created_on timestamp with time zone not null default now(), updated_on timestamp with time zone not null default now(), PRIMARY KEY (name) ) ; CREATE TABLE boss_test.subscription ( event text not null, name text not null REFERENCES boss_test.queue ON DELETE CASCADE, created_on timestamp with time zone not null default now(), updated_on timestamp with time zone not null default now(), PRIMARY KEY(event, name) ) ; CREATE TABLE boss_test.job ( id uuid not null default gen_random_uuid(), name text not null, priority integer not null default(0), data jsonb, state boss_test.job_state not null default('created'), retry_limit integer not null default(2), retry_count integer not null default(0), retry_delay integer not null default(0), retry_backoff boolean not null default false, start_after timestamp with time zone not null default now(), started_on timestamp with time zone, singleton_key text, singleton_on timestamp without time zone, expire_in interval not null default interval '15 minutes', created_on timestamp with time zone not null default now(), completed_on timestamp with time zone, keep_until timestamp with time zone NOT NULL default now() + interval '14 days', output jsonb, dead_letter text, policy text ) PARTITION BY LIST (name) ; ALTER TABLE boss_test.job ADD PRIMARY KEY (name, id); CREATE TABLE boss_test.archive (LIKE boss_test.job); ALTER TABLE boss_test.archive ADD PRIMARY KEY (name, id); ALTER TABLE boss_test.archive ADD archived_on timestamptz NOT NULL DEFAULT now(); CREATE INDEX archive_i1 ON boss_test.archive(archived_on); CREATE FUNCTION boss_test.create_queue(queue_name text, options json) RETURNS VOID AS $$ DECLARE table_name varchar := 'j' || encode(sha224(queue_name::bytea), 'hex'); queue_created_on timestamptz; BEGIN WITH q as ( INSERT INTO boss_test.queue ( name, policy, retry_limit, retry_delay, retry_backoff, expire_seconds, retention_minutes, dead_letter, partition_name ) VALUES ( queue_name, options->>'policy', (options->>'retryLimit')::int, (options->>'retryDelay')::int, (options->>'retryBackoff')::bool, (options->>'expireInSeconds')::int, (options->>'retentionMinutes')::int, options->>'deadLetter', table_name ) ON CONFLICT DO NOTHING RETURNING created_on ) SELECT created_on into queue_created_on from q; IF queue_created_on IS NULL THEN RETURN; END IF; EXECUTE format('CREATE TABLE boss_test.%I (LIKE boss_test.job INCLUDING DEFAULTS)', table_name); EXECUTE format('ALTER TABLE boss_test.%1$I ADD PRIMARY KEY (name, id)', table_name); EXECUTE format('ALTER TABLE boss_test.%1$I ADD CONSTRAINT q_fkey FOREIGN KEY (name) REFERENCES boss_test.queue (name) ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED', table_name); EXECUTE format('ALTER TABLE boss_test.%1$I ADD CONSTRAINT dlq_fkey FOREIGN KEY (dead_letter) REFERENCES boss_test.queue (name) ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED', table_name); EXECUTE format('CREATE UNIQUE INDEX %1$s_i1 ON boss_test.%1$I (name, COALESCE(singleton_key, '''')) WHERE state = ''created'' AND policy = ''short''', table_name); EXECUTE format('CREATE UNIQUE INDEX %1$s_i2 ON boss_test.%1$I (name, COALESCE(singleton_key, '''')) WHERE state = ''active'' AND policy = ''singleton''', table_name); EXECUTE format('CREATE UNIQUE INDEX %1$s_i3 ON boss_test.%1$I (name, state, COALESCE(singleton_key, '''')) WHERE state <= ''active'' AND policy = ''stately''', table_name); EXECUTE format('CREATE UNIQUE INDEX %1$s_i4 ON boss_test.%1$I (name, singleton_on, COALESCE(singleton_key, '''')) WHERE state <> ''cancelled'' AND singleton_on IS NOT NULL', table_name); EXECUTE format('CREATE INDEX %1$s_i5 ON boss_test.%1$I (name, start_after) INCLUDE (priority, created_on, id) WHERE state < ''active''', table_name); EXECUTE format('ALTER TABLE boss_test.%I ADD CONSTRAINT cjc CHECK (name=%L)', table_name, queue_name); EXECUTE format('ALTER TABLE boss_test.job ATTACH PARTITION boss_test.%I FOR VALUES IN (%L)', table_name, queue_name); END; $$ LANGUAGE plpgsql; ; CREATE FUNCTION boss_test.delete_queue(queue_name text) RETURNS VOID AS $$ DECLARE table_name varchar; BEGIN WITH deleted as ( DELETE FROM boss_test.queue WHERE name = queue_name RETURNING partition_name ) SELECT partition_name from deleted INTO table_name; EXECUTE format('DROP TABLE IF EXISTS boss_test.%I', table_name); END; $$ LANGUAGE plpgsql; ; INSERT INTO boss_test.version(version) VALUES ('24'); COMMIT;
CLOSE "_django_curs_140180850286656_sync_1"
CLOSE "c_7f59a96c7c10_1"
CLOSE "held"
CLOSE "in_transaction"
CLOSE "named"
CLOSE "sequel_cursor"
CLOSE pdo_crsr_00000001
COMMIT
commit
COMMIT;
COPY  ( SELECT * FROM tools_rows ) TO STDOUT
COPY  tools_rows FROM STDIN
COPY "asyncpg_copy" FROM STDIN (FORMAT binary)
COPY "lib_pq_copy" ("i", "t") FROM STDIN
COPY "sequel_copy" FROM STDIN
COPY (SELECT * FROM "sequel_copy" ORDER BY "i") TO STDOUT
COPY (SELECT * FROM asyncpg_copy ORDER BY i) TO STDOUT
COPY (SELECT * FROM dbd_copy ORDER BY i) TO STDOUT
COPY (SELECT * FROM jdbc_copy ORDER BY i) TO STDOUT
COPY (SELECT * FROM node_pg_copy ORDER BY i) TO STDOUT
COPY (SELECT * FROM pg8000_copy ORDER BY i) TO STDOUT
COPY (SELECT * FROM postgres_js_copy ORDER BY i) TO STDOUT
COPY (SELECT * FROM psycopg2_copy ORDER BY i) TO STDOUT
COPY (SELECT * FROM ruby_pg_copy ORDER BY i) TO STDOUT
COPY dbd_copy FROM STDIN
COPY jdbc_copy FROM STDIN
COPY node_pg_copy FROM STDIN
COPY pdo_copy FROM STDIN WITH DELIMITER E'	' NULL AS E'\\N'
COPY pdo_copy TO STDIN WITH DELIMITER E'	' NULL AS E'\\N'
COPY pg8000_copy FROM STDIN
COPY postgres_js_copy FROM STDIN
COPY psycopg2_copy FROM STDIN
COPY psycopg3_copy FROM STDIN (FORMAT binary)
COPY public.tools_rows (i, t) FROM stdin;
COPY public.tools_rows (i, t) TO stdout;
COPY ruby_pg_copy FROM STDIN
copy "pgx_copy" ( "i", "t" ) from stdin binary;
copy pgbench_accounts from stdin with (freeze on)
CREATE INDEX "django_rows_name_c81907a9_like" ON "django_rows" ("name" varchar_pattern_ops)
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_0ad0155eb7334799bba1043a2b4037c5$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f1/2') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_0ad0155eb7334799bba1043a2b4037c5$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_13d5c0a75b9f4146b243663643f26463$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f1/4') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_13d5c0a75b9f4146b243663643f26463$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_19d6ec52c6da437f8fef1c2e4f33d7ff$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f0/3') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_19d6ec52c6da437f8fef1c2e4f33d7ff$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_237c1414c383497da8a7dc0604dec6aa$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f2/2') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_237c1414c383497da8a7dc0604dec6aa$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_28e3a6a511cb4be19fa6eacae4d447b8$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f1/7') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_28e3a6a511cb4be19fa6eacae4d447b8$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_34959ef8ab5b4b9fa98128b871177e69$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f1/5') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_34959ef8ab5b4b9fa98128b871177e69$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_36fdcefc37a448e59ed5e510877cd689$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f0/9') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_36fdcefc37a448e59ed5e510877cd689$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_397b36dc936e4097bb81564772531f53$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f0/7') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_397b36dc936e4097bb81564772531f53$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_3c56bb10fd7e4b6e9c4bbc07aca0e78b$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f0/5') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_3c56bb10fd7e4b6e9c4bbc07aca0e78b$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_46200e8e53cf494d9b33583591f32e14$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f3/9') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_46200e8e53cf494d9b33583591f32e14$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_5151e4fe19844f2e9def1005dc5d58e2$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f3/2') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_5151e4fe19844f2e9def1005dc5d58e2$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_5440e01d084a45ed927415da5861c13d$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f2/0') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_5440e01d084a45ed927415da5861c13d$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_58bf6c16f6624a84951800ac1bc6e724$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f0/2') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_58bf6c16f6624a84951800ac1bc6e724$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_686f33e33f8e40479b5ecdc9c1f4bb03$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f3/5') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_686f33e33f8e40479b5ecdc9c1f4bb03$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_6ece1430c90f44c183c83ad0f438bd7c$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f2/4') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_6ece1430c90f44c183c83ad0f438bd7c$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_6f83393d3b29470b84319db467e06376$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f2/9') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_6f83393d3b29470b84319db467e06376$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_845bcc4229d8454d918afb6eb978b88d$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f1/9') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_845bcc4229d8454d918afb6eb978b88d$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_8c55b621a5b24ad2b6cdb1fe336edaa6$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f3/3') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_8c55b621a5b24ad2b6cdb1fe336edaa6$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_902907a5e3654137a0b023a93accffc3$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f0/8') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_902907a5e3654137a0b023a93accffc3$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_90e326185bf24056a9f5ae42c195f7b6$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f1/0') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_90e326185bf24056a9f5ae42c195f7b6$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_91a3f4dd56ea4c6eb99f2630c4a1a0ba$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f3/7') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_91a3f4dd56ea4c6eb99f2630c4a1a0ba$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_9341d7eb65524ff58e74378f6c950c5f$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f3/0') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_9341d7eb65524ff58e74378f6c950c5f$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_959ef7a549af4f9a8c6ca1abba8543f4$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f3/4') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_959ef7a549af4f9a8c6ca1abba8543f4$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_9787a5bb7e694bdb837674c1776f4e9b$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f2/5') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_9787a5bb7e694bdb837674c1776f4e9b$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_a455cc8c85684610b62f84b3ff105ece$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f0/0') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_a455cc8c85684610b62f84b3ff105ece$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_a53047d33ad74ed4a1fd3113f53f55a5$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f0/4') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_a53047d33ad74ed4a1fd3113f53f55a5$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_a77d2c604fe340468e3da62d466c3276$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f3/1') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_a77d2c604fe340468e3da62d466c3276$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_af93ca2bf9f9460781b5977f8fea36c6$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f3/6') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_af93ca2bf9f9460781b5977f8fea36c6$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_be284affa2664aae9ed59dcb74144d3a$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f1/6') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_be284affa2664aae9ed59dcb74144d3a$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_c514e59b1c23493096a846b01da31d21$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f2/3') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_c514e59b1c23493096a846b01da31d21$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_c67ba286d9ba427291473624c2661650$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f3/8') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_c67ba286d9ba427291473624c2661650$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_ceb72a8a8d374d27b355dffcd749c055$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f0/1') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_ceb72a8a8d374d27b355dffcd749c055$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_dc44795b5d1443bab8bc4ed4d846ea3c$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f0/6') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_dc44795b5d1443bab8bc4ed4d846ea3c$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_dcc252da4c474e769a1a93a6473555a6$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f1/8') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_dcc252da4c474e769a1a93a6473555a6$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_e49514e0f5644b6f99baefe8ef2ab56a$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f2/8') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_e49514e0f5644b6f99baefe8ef2ab56a$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_e8420aa2122147a4bec6f908fb43848b$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f2/6') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_e8420aa2122147a4bec6f908fb43848b$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_e9c6e5fc3a6a4490a512c5bcd909564b$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f1/3') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_e9c6e5fc3a6a4490a512c5bcd909564b$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_ee79c730b56c4a0d9097dae6e1878940$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f1/1') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_ee79c730b56c4a0d9097dae6e1878940$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_f03a95b5f4264e6ea8e623c4205d4231$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f2/7') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_f03a95b5f4264e6ea8e623c4205d4231$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE OR REPLACE FUNCTION pg_temp.testfunc(OUT response "sequelize_rows", OUT sequelize_caught_exception text) RETURNS RECORD AS $func_fdf2350fa33a4e6299c4255c26d14a2f$ BEGIN INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,100,'f2/1') RETURNING * INTO response; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS sequelize_caught_exception = PG_EXCEPTION_DETAIL; END $func_fdf2350fa33a4e6299c4255c26d14a2f$ LANGUAGE plpgsql; SELECT (testfunc.response)."id", (testfunc.response)."who", (testfunc.response)."name", testfunc.sequelize_caught_exception FROM pg_temp.testfunc(); DROP FUNCTION IF EXISTS pg_temp.testfunc();
CREATE TABLE "activerecord_rows" ("id" bigserial primary key, "who" integer, "name" character varying, "at" timestamp)
CREATE TABLE "django_rows" ("id" serial NOT NULL PRIMARY KEY, "who" integer NOT NULL, "name" varchar(50) NOT NULL UNIQUE, "at" timestamp with time zone NULL)
CREATE TABLE "sequel_copy" ("i" integer)
CREATE TABLE "sequel_rows" ("id" integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, "who" integer, "name" text UNIQUE)
CREATE TABLE "typeorm_rows" ("id" SERIAL NOT NULL, "who" integer NOT NULL, "name" character varying NOT NULL, CONSTRAINT "UQ_1dde47728ce08c29741b52839de" UNIQUE ("name"), CONSTRAINT "PK_a969604790e678ff5dc7cc61b14" PRIMARY KEY ("id"))
CREATE TABLE IF NOT EXISTS "sequelize_rows" ("id"   SERIAL , "who" INTEGER, "name" VARCHAR(255) UNIQUE, PRIMARY KEY ("id"));
CREATE TABLE dbd_copy (i int, t text)
CREATE TABLE dbd_rows (who int, i int)
CREATE TABLE drizzle_rows (id serial PRIMARY KEY, who int, name text UNIQUE)
CREATE TABLE jdbc_batch (i int, t text)
CREATE TABLE jdbc_copy (i int, t text)
CREATE TABLE jdbc_keys (i int PRIMARY KEY)
CREATE TABLE jdbc_never (i int)
CREATE TABLE jdbc_rows (who int, i int)
CREATE TABLE node_pg_copy (i int, t text)
CREATE TABLE node_pg_rows (who int, i int)
CREATE TABLE pdo_copy (i int, t text)
CREATE TABLE pdo_rows (who text, i int)
CREATE TABLE pdo_seen (i int)
CREATE TABLE pg8000_copy (i int, t text)
CREATE TABLE pg8000_rows (who int, i int)
CREATE TABLE pgx_batch (i int PRIMARY KEY)
CREATE TABLE pgx_copy (i int, t text)
CREATE TABLE pgx_keys (i int PRIMARY KEY)
CREATE TABLE pgx_rows (who int, i int)
CREATE TABLE postgres_js_copy (i int, t text)
CREATE TABLE postgres_js_keys (i int PRIMARY KEY)
CREATE TABLE postgres_js_rows (who int, i int)
CREATE TABLE prisma_rows (id serial PRIMARY KEY, who int NOT NULL, name text NOT NULL UNIQUE)
CREATE TABLE psycopg3_copy (i int, t text)
CREATE TABLE psycopg3_nested (i int PRIMARY KEY)
CREATE TABLE psycopg3_pipe (i int)
CREATE TABLE psycopg3_rows (who int, i int, t text)
CREATE TABLE public.tools_rows ( i integer NOT NULL, t text );
CREATE TABLE sqlalchemy_rows ( id SERIAL NOT NULL, who INTEGER, name VARCHAR, PRIMARY KEY (id), UNIQUE (name) )
CREATE TABLE tools_rows(i int PRIMARY KEY, t text);
CREATE TEMP TABLE jdbc_temp (i int)
CREATE TEMP TABLE psycopg2_temp (i int)
CREATE UNIQUE INDEX "index_activerecord_rows_on_name" ON "activerecord_rows" ("name")
create table "knex_rows" ("id" serial primary key, "who" integer, "name" varchar(255))
create table "kysely_rows" ("id" serial primary key, "who" integer, "name" text unique)
create table "laravel_rows" ("id" serial primary key not null, "name" varchar(255) not null, "who" integer not null)
create table pgbench_accounts(aid    int not null,bid int,abalance int,filler char(84)) with (fillfactor=100)
create table pgbench_branches(bid int not null,bbalance int,filler char(88)) with (fillfactor=100)
create table pgbench_history(tid int,bid int,aid    int,delta int,mtime timestamp,filler char(22))
create table pgbench_tellers(tid int not null,bid int,tbalance int,filler char(84)) with (fillfactor=100)
DEALLOCATE _pg3_0
DEALLOCATE a1
DEALLOCATE dbdpg_p20540_1
DEALLOCATE dbdpg_p20540_1a
DEALLOCATE dbdpg_p20540_1b
DEALLOCATE dbdpg_p20540_1c
DEALLOCATE dbdpg_p20540_1d
DEALLOCATE dbdpg_p20540_1e
DEALLOCATE dbdpg_p20540_1f
DEALLOCATE dbdpg_p20540_a
DEALLOCATE dbdpg_p20540_b
DEALLOCATE dbdpg_p20540_c
DEALLOCATE dbdpg_p20540_d
DEALLOCATE dbdpg_p20540_e
DEALLOCATE dbdpg_p20540_f
DEALLOCATE find
DEALLOCATE pdo_stmt_00000002
DEALLOCATE pdo_stmt_0000000a
DEALLOCATE pdo_stmt_0000000b
DEALLOCATE pdo_stmt_0000000c
DEALLOCATE pdo_stmt_0000000d
DEALLOCATE pdo_stmt_0000000e
DEALLOCATE pdo_stmt_0000000f
DEALLOCATE pdo_stmt_000000a0
DEALLOCATE pdo_stmt_000000aa
DEALLOCATE pdo_stmt_000000ab
DEALLOCATE pdo_stmt_000000ac
DEALLOCATE pdo_stmt_000000ad
DEALLOCATE pdo_stmt_000000ae
DEALLOCATE pdo_stmt_000000af
DEALLOCATE pdo_stmt_000000b0
DEALLOCATE pdo_stmt_000000ba
DEALLOCATE pdo_stmt_000000bb
DEALLOCATE pdo_stmt_000000bc
DEALLOCATE pdo_stmt_000000bd
DEALLOCATE pdo_stmt_000000be
DEALLOCATE pdo_stmt_000000bf
DEALLOCATE pdo_stmt_000000c0
DEALLOCATE pdo_stmt_000000ca
DEALLOCATE pdo_stmt_000000cb
DEALLOCATE pdo_stmt_000000cc
DEALLOCATE pdo_stmt_000000cd
DEALLOCATE pdo_stmt_000000ce
DEALLOCATE pdo_stmt_000000cf
DEALLOCATE pdo_stmt_000000d0
DEALLOCATE pdo_stmt_000000da
DEALLOCATE pdo_stmt_000000db
DEALLOCATE pdo_stmt_000000dc
DEALLOCATE pdo_stmt_000000dd
DEALLOCATE pdo_stmt_000000de
DEALLOCATE pdo_stmt_000000df
DEALLOCATE pdo_stmt_000000e0
DEALLOCATE pdo_stmt_000000ea
DEALLOCATE pdo_stmt_000000eb
DEALLOCATE pdo_stmt_000000ec
DEALLOCATE pdo_stmt_000000ed
DEALLOCATE pdo_stmt_000000ee
DEALLOCATE pdo_stmt_000000ef
DEALLOCATE pdo_stmt_000000f0
DEALLOCATE pdo_stmt_000000fa
DEALLOCATE pdo_stmt_000000fb
DEALLOCATE pdo_stmt_000000fc
DEALLOCATE pdo_stmt_000000fd
DEALLOCATE pdo_stmt_000000fe
DEALLOCATE pdo_stmt_000000ff
deallocate "named"
deallocate lrupsc_13_0
DECLARE "_django_curs_140180850286656_sync_1" NO SCROLL CURSOR WITH HOLD FOR SELECT "django_rows"."id", "django_rows"."who", "django_rows"."name", "django_rows"."at" FROM "django_rows" WHERE "django_rows"."who" = 200 ORDER BY "django_rows"."id" ASC
DECLARE "c_7f59a96c7c10_1" CURSOR WITHOUT HOLD FOR SELECT generate_series(1, 500)
DECLARE "held" CURSOR WITH HOLD FOR SELECT generate_series(1, 100)
DECLARE "held" SCROLL CURSOR WITH HOLD FOR SELECT generate_series(1, 50)
DECLARE "in_transaction" CURSOR WITHOUT HOLD FOR SELECT generate_series(1, 100)
DECLARE "named" CURSOR FOR SELECT i, decode(md5(i::text), 'hex') FROM generate_series(1, $1) i
DECLARE "sequel_cursor" NO SCROLL CURSOR WITH HOLD FOR SELECT generate_series(1, 100) AS i
DECLARE "sequel_cursor" NO SCROLL CURSOR WITHOUT HOLD FOR SELECT generate_series(1, 300) AS i
DECLARE pdo_crsr_00000001 SCROLL CURSOR WITH HOLD FOR SELECT generate_series(1, 50)
DELETE FROM "public"."prisma_rows" WHERE "public"."prisma_rows"."who" >= $1
DELETE FROM "typeorm_rows" WHERE "name" = $1
DELETE FROM tools_rows;
delete from "drizzle_rows" where "drizzle_rows"."id" = $1 returning "id", "who", "name"
delete from "knex_rows" where "name" = $1
delete from "kysely_rows" where "id" = $1
DISCARD ALL
DROP TABLE IF EXISTS "activerecord_rows"
DROP TABLE IF EXISTS "sequel_copy"
DROP TABLE IF EXISTS "sequel_rows"
DROP TABLE IF EXISTS "sequelize_rows" CASCADE;
DROP TABLE IF EXISTS asyncpg_copy; CREATE TABLE asyncpg_copy (i int, t text)
DROP TABLE IF EXISTS asyncpg_nested; CREATE TABLE asyncpg_nested (i int PRIMARY KEY)
DROP TABLE IF EXISTS asyncpg_rows; CREATE TABLE asyncpg_rows (who int, i int, t text)
DROP TABLE IF EXISTS dbd_copy
DROP TABLE IF EXISTS dbd_rows
DROP TABLE IF EXISTS django_rows
DROP TABLE IF EXISTS drizzle_rows
DROP TABLE IF EXISTS jdbc_batch
DROP TABLE IF EXISTS jdbc_copy
DROP TABLE IF EXISTS jdbc_keys
DROP TABLE IF EXISTS jdbc_rows
DROP TABLE IF EXISTS lib_pq_copy; CREATE TABLE lib_pq_copy (i int, t text)
DROP TABLE IF EXISTS lib_pq_rows; CREATE TABLE lib_pq_rows (who int, i int)
DROP TABLE IF EXISTS node_pg_copy
DROP TABLE IF EXISTS node_pg_rows
DROP TABLE IF EXISTS pdo_copy
DROP TABLE IF EXISTS pdo_rows, pdo_seen
DROP TABLE IF EXISTS pg8000_copy
DROP TABLE IF EXISTS pg8000_rows
DROP TABLE IF EXISTS pgx_batch
DROP TABLE IF EXISTS pgx_copy
DROP TABLE IF EXISTS pgx_keys
DROP TABLE IF EXISTS pgx_rows
DROP TABLE IF EXISTS postgres_js_copy
DROP TABLE IF EXISTS postgres_js_keys
DROP TABLE IF EXISTS postgres_js_rows
DROP TABLE IF EXISTS prisma_rows
DROP TABLE IF EXISTS psycopg2_copy; CREATE TABLE psycopg2_copy (i int, t text)
DROP TABLE IF EXISTS psycopg2_rows; CREATE TABLE psycopg2_rows (who int, i int)
DROP TABLE IF EXISTS psycopg3_copy
DROP TABLE IF EXISTS psycopg3_nested
DROP TABLE IF EXISTS psycopg3_pipe
DROP TABLE IF EXISTS psycopg3_rows
DROP TABLE IF EXISTS ruby_pg_copy; CREATE TABLE ruby_pg_copy (i int, t text)
DROP TABLE IF EXISTS ruby_pg_rows; CREATE TABLE ruby_pg_rows (who int, i int)
DROP TABLE IF EXISTS tools_rows;
DROP TABLE IF EXISTS typeorm_rows
DROP TABLE pdo_seen
DROP TABLE tools_rows
DROP TYPE IF EXISTS asyncpg_mood CASCADE; CREATE TYPE asyncpg_mood AS (i int, words text[])
drop table if exists "knex_rows"
drop table if exists "kysely_rows"
drop table if exists "laravel_rows"
drop table if exists pgbench_accounts, pgbench_branches, pgbench_history, pgbench_tellers
FETCH ABSOLUTE 40 FROM pdo_crsr_00000001
FETCH BACKWARD FROM pdo_crsr_00000001
FETCH FORWARD 0 FROM pdo_crsr_00000001
FETCH FORWARD 1 FROM "c_7f59a96c7c10_1"
FETCH FORWARD 20 FROM "_django_curs_140180850286656_sync_1"
FETCH FORWARD 20 FROM "sequel_cursor"
FETCH FORWARD 7 FROM "held"
FETCH FORWARD 7 FROM "in_transaction"
FETCH FORWARD 9 FROM "named"
INSERT INTO "activerecord_rows" ("who", "name") VALUES ($1, $2) RETURNING "id"
INSERT INTO "activerecord_rows" ("who", "name", "at") VALUES ($1, $2, $3) RETURNING "id"
INSERT INTO "django_rows" ("who", "name", "at") VALUES (0, '0/0', NULL) RETURNING "django_rows"."id"
INSERT INTO "django_rows" ("who", "name", "at") VALUES (200, 'i0', NULL), (200, 'i1', NULL), (200, 'i2', NULL), (200, 'i3', NULL), (200, 'i4', NULL), (200, 'i5', NULL), (200, 'i6', NULL), (200, 'i7', NULL), (200, 'i8', NULL), (200, 'i9', NULL), (200, 'i10', NULL), (200, 'i11', NULL), (200, 'i12', NULL), (200, 'i13', NULL), (200, 'i14', NULL), (200, 'i15', NULL), (200, 'i16', NULL), (200, 'i17', NULL), (200, 'i18', NULL), (200, 'i19', NULL), (200, 'i20', NULL), (200, 'i21', NULL), (200, 'i22', NULL), (200, 'i23', NULL), (200, 'i24', NULL), (200, 'i25', NULL), (200, 'i26', NULL), (200, 'i27', NULL), (200, 'i28', NULL), (200, 'i29', NULL), (200, 'i30', NULL), (200, 'i31', NULL), (200, 'i32', NULL), (200, 'i33', NULL), (200, 'i34', NULL), (200, 'i35', NULL), (200, 'i36', NULL), (200, 'i37', NULL), (200, 'i38', NULL), (200, 'i39', NULL), (200, 'i40', NULL), (200, 'i41', NULL), (200, 'i42', NULL), (200, 'i43', NULL), (200, 'i44', NULL), (200, 'i45', NULL), (200, 'i46', NULL), (200, 'i47', NULL), (200, 'i48', NULL), (200, 'i49', NULL), (200, 'i50', NULL), (200, 'i51', NULL), (200, 'i52', NULL), (200, 'i53', NULL), (200, 'i54', NULL), (200, 'i55', NULL), (200, 'i56', NULL), (200, 'i57', NULL), (200, 'i58', NULL), (200, 'i59', NULL), (200, 'i60', NULL), (200, 'i61', NULL), (200, 'i62', NULL), (200, 'i63', NULL), (200, 'i64', NULL), (200, 'i65', NULL), (200, 'i66', NULL), (200, 'i67', NULL), (200, 'i68', NULL), (200, 'i69', NULL), (200, 'i70', NULL), (200, 'i71', NULL), (200, 'i72', NULL), (200, 'i73', NULL), (200, 'i74', NULL), (200, 'i75', NULL), (200, 'i76', NULL), (200, 'i77', NULL), (200, 'i78', NULL), (200, 'i79', NULL), (200, 'i80', NULL), (200, 'i81', NULL), (200, 'i82', NULL), (200, 'i83', NULL), (200, 'i84', NULL), (200, 'i85', NULL), (200, 'i86', NULL), (200, 'i87', NULL), (200, 'i88', NULL), (200, 'i89', NULL), (200, 'i90', NULL), (200, 'i91', NULL), (200, 'i92', NULL), (200, 'i93', NULL), (200, 'i94', NULL), (200, 'i95', NULL), (200, 'i96', NULL), (200, 'i97', NULL), (200, 'i98', NULL), (200, 'i99', NULL), (200, 'i100', NULL), (200, 'i101', NULL), (200, 'i102', NULL), (200, 'i103', NULL), (200, 'i104', NULL), (200, 'i105', NULL), (200, 'i106', NULL), (200, 'i107', NULL), (200, 'i108', NULL), (200, 'i109', NULL), (200, 'i110', NULL), (200, 'i111', NULL), (200, 'i112', NULL), (200, 'i113', NULL), (200, 'i114', NULL), (200, 'i115', NULL), (200, 'i116', NULL), (200, 'i117', NULL), (200, 'i118', NULL), (200, 'i119', NULL), (200, 'i120', NULL), (200, 'i121', NULL), (200, 'i122', NULL), (200, 'i123', NULL), (200, 'i124', NULL), (200, 'i125', NULL), (200, 'i126', NULL), (200, 'i127', NULL), (200, 'i128', NULL), (200, 'i129', NULL), (200, 'i130', NULL), (200, 'i131', NULL), (200, 'i132', NULL), (200, 'i133', NULL), (200, 'i134', NULL), (200, 'i135', NULL), (200, 'i136', NULL), (200, 'i137', NULL), (200, 'i138', NULL), (200, 'i139', NULL), (200, 'i140', NULL), (200, 'i141', NULL), (200, 'i142', NULL), (200, 'i143', NULL), (200, 'i144', NULL), (200, 'i145', NULL), (200, 'i146', NULL), (200, 'i147', NULL), (200, 'i148', NULL), (200, 'i149', NULL), (200, 'i150', NULL), (200, 'i151', NULL), (200, 'i152', NULL), (200, 'i153', NULL), (200, 'i154', NULL), (200, 'i155', NULL), (200, 'i156', NULL), (200, 'i157', NULL), (200, 'i158', NULL), (200, 'i159', NULL), (200, 'i160', NULL), (200, 'i161', NULL), (200, 'i162', NULL), (200, 'i163', NULL), (200, 'i164', NULL), (200, 'i165', NULL), (200, 'i166', NULL), (200, 'i167', NULL), (200, 'i168', NULL), (200, 'i169', NULL), (200, 'i170', NULL), (200, 'i171', NULL), (200, 'i172', NULL), (200, 'i173', NULL), (200, 'i174', NULL), (200, 'i175', NULL), (200, 'i176', NULL), (200, 'i177', NULL), (200, 'i178', NULL), (200, 'i179', NULL), (200, 'i180', NULL), (200, 'i181', NULL), (200, 'i182', NULL), (200, 'i183', NULL), (200, 'i184', NULL), (200, 'i185', NULL), (200, 'i186', NULL), (200, 'i187', NULL), (200, 'i188', NULL), (200, 'i189', NULL), (200, 'i190', NULL), (200, 'i191', NULL), (200, 'i192', NULL), (200, 'i193', NULL), (200, 'i194', NULL), (200, 'i195', NULL), (200, 'i196', NULL), (200, 'i197', NULL), (200, 'i198', NULL), (200, 'i199', NULL), (200, 'i200', NULL), (200, 'i201', NULL), (200, 'i202', NULL), (200, 'i203', NULL), (200, 'i204', NULL), (200, 'i205', NULL), (200, 'i206', NULL), (200, 'i207', NULL), (200, 'i208', NULL), (200, 'i209', NULL), (200, 'i210', NULL), (200, 'i211', NULL), (200, 'i212', NULL), (200, 'i213', NULL), (200, 'i214', NULL), (200, 'i215', NULL), (200, 'i216', NULL), (200, 'i217', NULL), (200, 'i218', NULL), (200, 'i219', NULL), (200, 'i220', NULL), (200, 'i221', NULL), (200, 'i222', NULL), (200, 'i223', NULL), (200, 'i224', NULL), (200, 'i225', NULL), (200, 'i226', NULL), (200, 'i227', NULL), (200, 'i228', NULL), (200, 'i229', NULL), (200, 'i230', NULL), (200, 'i231', NULL), (200, 'i232', NULL), (200, 'i233', NULL), (200, 'i234', NULL), (200, 'i235', NULL), (200, 'i236', NULL), (200, 'i237', NULL), (200, 'i238', NULL), (200, 'i239', NULL), (200, 'i240', NULL), (200, 'i241', NULL), (200, 'i242', NULL), (200, 'i243', NULL), (200, 'i244', NULL), (200, 'i245', NULL), (200, 'i246', NULL), (200, 'i247', NULL), (200, 'i248', NULL), (200, 'i249', NULL), (200, 'i250', NULL), (200, 'i251', NULL), (200, 'i252', NULL), (200, 'i253', NULL), (200, 'i254', NULL), (200, 'i255', NULL), (200, 'i256', NULL), (200, 'i257', NULL), (200, 'i258', NULL), (200, 'i259', NULL), (200, 'i260', NULL), (200, 'i261', NULL), (200, 'i262', NULL), (200, 'i263', NULL), (200, 'i264', NULL), (200, 'i265', NULL), (200, 'i266', NULL), (200, 'i267', NULL), (200, 'i268', NULL), (200, 'i269', NULL), (200, 'i270', NULL), (200, 'i271', NULL), (200, 'i272', NULL), (200, 'i273', NULL), (200, 'i274', NULL), (200, 'i275', NULL), (200, 'i276', NULL), (200, 'i277', NULL), (200, 'i278', NULL), (200, 'i279', NULL), (200, 'i280', NULL), (200, 'i281', NULL), (200, 'i282', NULL), (200, 'i283', NULL), (200, 'i284', NULL), (200, 'i285', NULL), (200, 'i286', NULL), (200, 'i287', NULL), (200, 'i288', NULL), (200, 'i289', NULL), (200, 'i290', NULL), (200, 'i291', NULL), (200, 'i292', NULL), (200, 'i293', NULL), (200, 'i294', NULL), (200, 'i295', NULL), (200, 'i296', NULL), (200, 'i297', NULL), (200, 'i298', NULL), (200, 'i299', NULL) RETURNING "django_rows"."id"
INSERT INTO "django_rows" ("who", "name", "at") VALUES (300, 'time', '2024-07-01T12:00:00+00:00'::timestamptz) RETURNING "django_rows"."id"
INSERT INTO "public"."prisma_rows" ("who","name") VALUES ($1,$2) ON CONFLICT ("name") DO UPDATE SET "who" = $3 WHERE ("public"."prisma_rows"."name" = $4 AND 1=1) RETURNING "public"."prisma_rows"."id", "public"."prisma_rows"."who", "public"."prisma_rows"."name"
INSERT INTO "public"."prisma_rows" ("who","name") VALUES ($1,$2) RETURNING "public"."prisma_rows"."id", "public"."prisma_rows"."who", "public"."prisma_rows"."name"
INSERT INTO "public"."prisma_rows" ("who","name") VALUES ($1,$2), ($3,$4), ($5,$6), ($7,$8), ($9,$10), ($11,$12), ($13,$14), ($15,$16), ($17,$18), ($19,$20), ($21,$22), ($23,$24), ($25,$26), ($27,$28), ($29,$30), ($31,$32), ($33,$34), ($35,$36), ($37,$38), ($39,$40), ($41,$42), ($43,$44), ($45,$46), ($47,$48), ($49,$50), ($51,$52), ($53,$54), ($55,$56), ($57,$58), ($59,$60), ($61,$62), ($63,$64), ($65,$66), ($67,$68), ($69,$70), ($71,$72), ($73,$74), ($75,$76), ($77,$78), ($79,$80)
INSERT INTO "sequel_rows" ("who", "name") VALUES ($1, $2) RETURNING "id"
INSERT INTO "sequel_rows" ("who", "name") VALUES (1, '1/0') RETURNING "id"
INSERT INTO "sequelize_rows" ("id","name") VALUES (DEFAULT,$1) RETURNING "id","who","name";
INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,$1,$2) RETURNING "id","who","name";
INSERT INTO "sequelize_rows" ("id","who","name") VALUES (DEFAULT,300,'b0'),(DEFAULT,300,'b1'),(DEFAULT,300,'b2'),(DEFAULT,300,'b3'),(DEFAULT,300,'b4'),(DEFAULT,300,'b5'),(DEFAULT,300,'b6'),(DEFAULT,300,'b7'),(DEFAULT,300,'b8'),(DEFAULT,300,'b9'),(DEFAULT,300,'b10'),(DEFAULT,300,'b11'),(DEFAULT,300,'b12'),(DEFAULT,300,'b13'),(DEFAULT,300,'b14'),(DEFAULT,300,'b15'),(DEFAULT,300,'b16'),(DEFAULT,300,'b17'),(DEFAULT,300,'b18'),(DEFAULT,300,'b19'),(DEFAULT,300,'b20'),(DEFAULT,300,'b21'),(DEFAULT,300,'b22'),(DEFAULT,300,'b23'),(DEFAULT,300,'b24'),(DEFAULT,300,'b25'),(DEFAULT,300,'b26'),(DEFAULT,300,'b27'),(DEFAULT,300,'b28'),(DEFAULT,300,'b29'),(DEFAULT,300,'b30'),(DEFAULT,300,'b31'),(DEFAULT,300,'b32'),(DEFAULT,300,'b33'),(DEFAULT,300,'b34'),(DEFAULT,300,'b35'),(DEFAULT,300,'b36'),(DEFAULT,300,'b37'),(DEFAULT,300,'b38'),(DEFAULT,300,'b39'),(DEFAULT,300,'b40'),(DEFAULT,300,'b41'),(DEFAULT,300,'b42'),(DEFAULT,300,'b43'),(DEFAULT,300,'b44'),(DEFAULT,300,'b45'),(DEFAULT,300,'b46'),(DEFAULT,300,'b47'),(DEFAULT,300,'b48'),(DEFAULT,300,'b49') RETURNING "id","who","name";
INSERT INTO "sequelize_rows" ("who","name") VALUES ($1,$2) ON CONFLICT ("name") DO UPDATE SET "who"=EXCLUDED."who","name"=EXCLUDED."name" RETURNING "id","who","name";
INSERT INTO "typeorm_rows"("who", "name") VALUES ($1, $2) ON CONFLICT ( "name" ) DO UPDATE SET "name" = EXCLUDED."name", "who" = EXCLUDED."who" RETURNING "id"
INSERT INTO "typeorm_rows"("who", "name") VALUES ($1, $2) RETURNING "id"
INSERT INTO asyncpg_nested VALUES ($1)
INSERT INTO asyncpg_rows VALUES ($1, $2, $3)
INSERT INTO boss_test.job ( id, name, data, priority, start_after, singleton_key, singleton_on, dead_letter, expire_in, keep_until, retry_limit, retry_delay, retry_backoff, policy ) SELECT id, j.name, data, priority, start_after, singleton_key, singleton_on, COALESCE(j.dead_letter, q.dead_letter) as dead_letter, CASE WHEN expire_in IS NOT NULL THEN expire_in::numeric * interval '1s' WHEN q.expire_seconds IS NOT NULL THEN q.expire_seconds * interval '1s' WHEN expire_in_default IS NOT NULL THEN expire_in_default::numeric * interval '1s' ELSE interval '15 minutes' END as expire_in, CASE WHEN right(keep_until, 1) = 'Z' THEN CAST(keep_until as timestamp with time zone) ELSE start_after + CAST(COALESCE(keep_until, (q.retention_minutes * 60)::text, keep_until_default, '14 days') as interval) END as keep_until, COALESCE(j.retry_limit, q.retry_limit, retry_limit_default, 2) as retry_limit, CASE WHEN COALESCE(j.retry_backoff, q.retry_backoff, retry_backoff_default, false) THEN GREATEST(COALESCE(j.retry_delay, q.retry_delay, retry_delay_default), 1) ELSE COALESCE(j.retry_delay, q.retry_delay, retry_delay_default, 0) END as retry_delay, COALESCE(j.retry_backoff, q.retry_backoff, retry_backoff_default, false) as retry_backoff, q.policy FROM ( SELECT COALESCE($1::uuid, gen_random_uuid()) as id, $2 as name, $3::jsonb as data, COALESCE($4::int, 0) as priority, CASE WHEN right($5, 1) = 'Z' THEN CAST($5 as timestamp with time zone) ELSE now() + CAST(COALESCE($5,'0') as interval) END as start_after, $6 as singleton_key, CASE WHEN $7::integer IS NOT NULL THEN 'epoch'::timestamp + '1 second'::interval * ($7 * floor((date_part('epoch', now()) + $8) / $7)) ELSE NULL END as singleton_on, $9 as dead_letter, $10 as expire_in, $11 as expire_in_default, $12 as keep_until, $13 as keep_until_default, $14::int as retry_limit, $15::int as retry_limit_default, $16::int as retry_delay, $17::int as retry_delay_default, $18::bool as retry_backoff, $19::bool as retry_backoff_default ) j JOIN boss_test.queue q ON j.name = q.name ON CONFLICT DO NOTHING RETURNING id
INSERT INTO dbd_rows VALUES ($1, $2)
INSERT INTO dbd_rows VALUES (100, 0)
INSERT INTO dbd_rows VALUES (200, $1)
INSERT INTO jdbc_batch VALUES ($1, $2),($3, $4),($5, $6),($7, $8)
INSERT INTO jdbc_batch VALUES ($1, $2),($3, $4),($5, $6),($7, $8),($9, $10),($11, $12),($13, $14),($15, $16),($17, $18),($19, $20),($21, $22),($23, $24),($25, $26),($27, $28),($29, $30),($31, $32)
INSERT INTO jdbc_batch VALUES ($1, $2),($3, $4),($5, $6),($7, $8),($9, $10),($11, $12),($13, $14),($15, $16),($17, $18),($19, $20),($21, $22),($23, $24),($25, $26),($27, $28),($29, $30),($31, $32),($33, $34),($35, $36),($37, $38),($39, $40),($41, $42),($43, $44),($45, $46),($47, $48),($49, $50),($51, $52),($53, $54),($55, $56),($57, $58),($59, $60),($61, $62),($63, $64)
INSERT INTO jdbc_batch VALUES ($1, $2),($3, $4),($5, $6),($7, $8),($9, $10),($11, $12),($13, $14),($15, $16),($17, $18),($19, $20),($21, $22),($23, $24),($25, $26),($27, $28),($29, $30),($31, $32),($33, $34),($35, $36),($37, $38),($39, $40),($41, $42),($43, $44),($45, $46),($47, $48),($49, $50),($51, $52),($53, $54),($55, $56),($57, $58),($59, $60),($61, $62),($63, $64),($65, $66),($67, $68),($69, $70),($71, $72),($73, $74),($75, $76),($77, $78),($79, $80),($81, $82),($83, $84),($85, $86),($87, $88),($89, $90),($91, $92),($93, $94),($95, $96),($97, $98),($99, $100),($101, $102),($103, $104),($105, $106),($107, $108),($109, $110),($111, $112),($113, $114),($115, $116),($117, $118),($119, $120),($121, $122),($123, $124),($125, $126),($127, $128)
INSERT INTO jdbc_batch VALUES ($1, $2),($3, $4),($5, $6),($7, $8),($9, $10),($11, $12),($13, $14),($15, $16),($17, $18),($19, $20),($21, $22),($23, $24),($25, $26),($27, $28),($29, $30),($31, $32),($33, $34),($35, $36),($37, $38),($39, $40),($41, $42),($43, $44),($45, $46),($47, $48),($49, $50),($51, $52),($53, $54),($55, $56),($57, $58),($59, $60),($61, $62),($63, $64),($65, $66),($67, $68),($69, $70),($71, $72),($73, $74),($75, $76),($77, $78),($79, $80),($81, $82),($83, $84),($85, $86),($87, $88),($89, $90),($91, $92),($93, $94),($95, $96),($97, $98),($99, $100),($101, $102),($103, $104),($105, $106),($107, $108),($109, $110),($111, $112),($113, $114),($115, $116),($117, $118),($119, $120),($121, $122),($123, $124),($125, $126),($127, $128),($129, $130),($131, $132),($133, $134),($135, $136),($137, $138),($139, $140),($141, $142),($143, $144),($145, $146),($147, $148),($149, $150),($151, $152),($153, $154),($155, $156),($157, $158),($159, $160),($161, $162),($163, $164),($165, $166),($167, $168),($169, $170),($171, $172),($173, $174),($175, $176),($177, $178),($179, $180),($181, $182),($183, $184),($185, $186),($187, $188),($189, $190),($191, $192),($193, $194),($195, $196),($197, $198),($199, $200),($201, $202),($203, $204),($205, $206),($207, $208),($209, $210),($211, $212),($213, $214),($215, $216),($217, $218),($219, $220),($221, $222),($223, $224),($225, $226),($227, $228),($229, $230),($231, $232),($233, $234),($235, $236),($237, $238),($239, $240),($241, $242),($243, $244),($245, $246),($247, $248),($249, $250),($251, $252),($253, $254),($255, $256)
INSERT INTO jdbc_keys VALUES (0)
INSERT INTO jdbc_rows VALUES ($1, $2)
INSERT INTO lib_pq_rows VALUES ($1, $2)
INSERT INTO node_pg_rows VALUES ($1, $2)
INSERT INTO pdo_rows VALUES ($1, $2)
INSERT INTO pdo_rows VALUES ($1, $2) RETURNING i
INSERT INTO pg8000_rows VALUES ($1, $2)
INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES ($1, $2, $3, $4, CURRENT_TIMESTAMP);
INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (10, 1, 59391, 1432, CURRENT_TIMESTAMP);
INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (7, 1, 48209, -857, CURRENT_TIMESTAMP);
INSERT INTO pgx_batch VALUES ($1)
INSERT INTO pgx_batch VALUES (10000)
INSERT INTO pgx_keys VALUES ($1)
INSERT INTO pgx_rows VALUES ($1, $2)
INSERT INTO postgres_js_keys VALUES ($1)
INSERT INTO postgres_js_rows VALUES ($1, $2)
INSERT INTO psycopg2_rows VALUES (0, 0)
INSERT INTO psycopg2_temp VALUES (0)
INSERT INTO psycopg3_nested VALUES ($1)
INSERT INTO psycopg3_pipe VALUES ($1) RETURNING i
INSERT INTO psycopg3_pipe VALUES (1000)
INSERT INTO psycopg3_rows VALUES ($1, $2, $3)
INSERT INTO public.noise_log VALUES ('19428 4')
INSERT INTO ruby_pg_rows VALUES ($1, $2)
INSERT INTO sqlalchemy_rows (who, name) VALUES (1, '1/0') RETURNING sqlalchemy_rows.id
INSERT INTO tools_rows VALUES (0, 'line 0');
insert into "drizzle_rows" ("id", "who", "name") values (default, $1, $2)
insert into "drizzle_rows" ("id", "who", "name") values (default, $1, $2) on conflict ("name") do update set "who" = $3
insert into "drizzle_rows" ("id", "who", "name") values (default, $1, $2) returning "id", "who", "name"
insert into "knex_rows" ("name", "who") values ($1, $2)
insert into "knex_rows" ("name", "who") values ($1, $2) on conflict ("name") do update set "name" = excluded."name", "who" = excluded."who"
insert into "knex_rows" ("name", "who") values ($1, $2) returning "who"
insert into "kysely_rows" ("who", "name") values ($1, $2)
insert into "kysely_rows" ("who", "name") values ($1, $2) on conflict ("name") do update set "who" = $3
insert into "kysely_rows" ("who", "name") values ($1, $2) returning "id"
insert into "laravel_rows" ("name", "who") values ($1, $2) on conflict ("name") do update set "who" = "excluded"."who"
insert into "laravel_rows" ("name", "who") values ($1, $2) returning "id"
insert into pgbench_branches(bid,bbalance) values(1,0)
insert into pgbench_tellers(tid,bid,tbalance) values (1,1,0)
LISTEN "asyncpg_channel"
LISTEN "asyncpg_reset"
LISTEN "lib_pq_channel"
LISTEN dbd_channel
LISTEN jdbc_channel
LISTEN node_pg_channel
LISTEN pdo_channel
LISTEN pgx_channel
LISTEN psycopg2_channel
LISTEN ruby_pg
listen "postgres_js_channel"
LOCK TABLE public.tools_rows IN ACCESS SHARE MODE
MOVE ABSOLUTE 40 FROM "held"
MOVE FORWARD 10 __asyncpg_portal_65__
NOTIFY dbd_channel, 'p0'
NOTIFY pdo_channel, 'p0'
NOTIFY psycopg2_channel, 'payload 0'
RELEASE "_pg3_2"
RELEASE SAVEPOINT "s140180850286656_x1"
release a
RESET ALL
RESET DateStyle
RESET IntervalStyle
RESET TimeZone
RESET application_name
RESET bytea_output
RESET client_min_messages
RESET default_transaction_isolation
RESET extra_float_digits
RESET lock_timeout
RESET my.noise
RESET role
RESET search_path
RESET standard_conforming_strings
RESET statement_timeout
RESET work_mem
ROLLBACK
ROLLBACK TO "_pg3_2"
ROLLBACK TO SAVEPOINT "s140180850286656_x1"
ROLLBACK TO SAVEPOINT JDBC_SAVEPOINT_0
ROLLBACK TO SAVEPOINT PGJDBC_AUTOSAVE
ROLLBACK TO SAVEPOINT active_record_1
ROLLBACK TO SAVEPOINT autopoint_1
ROLLBACK TO SAVEPOINT sa_savepoint_1
ROLLBACK TO SAVEPOINT trans2
ROLLBACK TO SAVEPOINT trx127
ROLLBACK TO SAVEPOINT typeorm_1
ROLLBACK TO __asyncpg_savepoint_67__;
ROLLBACK TO __asyncpg_savepoint_6a__;
ROLLBACK TO __asyncpg_savepoint_6b__;
ROLLBACK TO __asyncpg_savepoint_6c__;
ROLLBACK TO __asyncpg_savepoint_6d__;
ROLLBACK TO __asyncpg_savepoint_6e__;
ROLLBACK TO __asyncpg_savepoint_6f__;
rollback
rollback to "a"
rollback to "s0"
rollback to a
rollback to savepoint sp1
rollback to savepoint sp_1
ROLLBACK;
SAVEPOINT "_pg3_2"
SAVEPOINT "s140180850286656_x1"
SAVEPOINT JDBC_SAVEPOINT_0
SAVEPOINT PGJDBC_AUTOSAVE
SAVEPOINT __asyncpg_savepoint_67__;
SAVEPOINT __asyncpg_savepoint_6a__;
SAVEPOINT __asyncpg_savepoint_6b__;
SAVEPOINT __asyncpg_savepoint_6c__;
SAVEPOINT __asyncpg_savepoint_6d__;
SAVEPOINT __asyncpg_savepoint_6e__;
SAVEPOINT __asyncpg_savepoint_6f__;
SAVEPOINT active_record_1
SAVEPOINT autopoint_1
SAVEPOINT sa_savepoint_1
SAVEPOINT trans2
SAVEPOINT trx127;
SAVEPOINT typeorm_1
savepoint "a"
savepoint "s0"
savepoint a
savepoint sp1
savepoint sp_1
SELECT "Row"."id" AS "Row_id", "Row"."who" AS "Row_who", "Row"."name" AS "Row_name" FROM "typeorm_rows" "Row" WHERE (("Row"."id" = $1)) LIMIT 1
SELECT "Row"."id" AS "Row_id", "Row"."who" AS "Row_who", "Row"."name" AS "Row_name" FROM "typeorm_rows" "Row" WHERE (("Row"."id" = $1)) LIMIT 1 FOR UPDATE
SELECT "activerecord_rows".* FROM "activerecord_rows" ORDER BY "activerecord_rows"."id" ASC LIMIT $1
SELECT "activerecord_rows".* FROM "activerecord_rows" WHERE "activerecord_rows"."id" > $1 ORDER BY "activerecord_rows"."id" ASC LIMIT $2
SELECT "activerecord_rows".* FROM "activerecord_rows" WHERE "activerecord_rows"."name" = $1 LIMIT $2
SELECT "activerecord_rows".* FROM "activerecord_rows" WHERE "activerecord_rows"."name" = $1 LIMIT $2 FOR UPDATE
SELECT "activerecord_rows".* FROM "activerecord_rows" WHERE "activerecord_rows"."who" = $1 ORDER BY "activerecord_rows"."id" ASC LIMIT $2
SELECT "django_rows"."id", "django_rows"."who", "django_rows"."name", "django_rows"."at" FROM "django_rows" WHERE "django_rows"."id" = 431 LIMIT 21
SELECT "django_rows"."id", "django_rows"."who", "django_rows"."name", "django_rows"."at" FROM "django_rows" WHERE "django_rows"."name" = 'time' LIMIT 21
SELECT "django_rows"."id", "django_rows"."who", "django_rows"."name", "django_rows"."at" FROM "django_rows" WHERE "django_rows"."name" = 'time' LIMIT 21 FOR UPDATE
SELECT "id", "who", "name" FROM "sequelize_rows" AS "Row" WHERE "Row"."name" = 'f0/0';
SELECT "pg_attribute"."attname" AS "name", CAST("pg_attribute"."atttypid" AS integer) AS "oid", CAST("basetype"."oid" AS integer) AS "base_oid", format_type("basetype"."oid", "pg_type"."typtypmod") AS "db_base_type", format_type("pg_type"."oid", "pg_attribute"."atttypmod") AS "db_type", pg_get_expr("pg_attrdef"."adbin", "pg_class"."oid") AS "default", NOT "pg_attribute"."attnotnull" AS "allow_null", COALESCE(("pg_attribute"."attnum" = ANY("pg_index"."indkey")), false) AS "primary_key", "pg_attribute"."attidentity", ("pg_attribute"."attgenerated" != '') AS "generated" FROM "pg_class" INNER JOIN "pg_attribute" ON ("pg_attribute"."attrelid" = "pg_class"."oid") INNER JOIN "pg_type" ON ("pg_type"."oid" = "pg_attribute"."atttypid") LEFT OUTER JOIN "pg_type" AS "basetype" ON ("basetype"."oid" = "pg_type"."typbasetype") LEFT OUTER JOIN "pg_attrdef" ON (("pg_attrdef"."adrelid" = "pg_class"."oid") AND ("pg_attrdef"."adnum" = "pg_attribute"."attnum")) LEFT OUTER JOIN "pg_index" ON (("pg_index"."indrelid" = "pg_class"."oid") AND ("pg_index"."indisprimary" IS TRUE)) WHERE (("pg_attribute"."attisdropped" IS FALSE) AND ("pg_attribute"."attnum" > 0) AND ("pg_class"."oid" = CAST(CAST('"sequel_rows"' AS regclass) AS oid))) ORDER BY "pg_attribute"."attnum"
SELECT "pg_attribute"."attname" AS "pk" FROM "pg_class", "pg_attribute", "pg_index", "pg_namespace" WHERE (("pg_class"."oid" = "pg_attribute"."attrelid") AND ("pg_class"."relnamespace" = "pg_namespace"."oid") AND ("pg_class"."oid" = "pg_index"."indrelid") AND ("pg_index"."indkey"[0] = "pg_attribute"."attnum") AND ("pg_index"."indisprimary" = 't') AND ("pg_class"."oid" = CAST(CAST('"sequel_rows"' AS regclass) AS oid))) LIMIT 1
SELECT "public"."prisma_rows"."id", "public"."prisma_rows"."who", "public"."prisma_rows"."name" FROM "public"."prisma_rows" WHERE "public"."prisma_rows"."who" = $1 ORDER BY "public"."prisma_rows"."id" ASC LIMIT $2 OFFSET $3
SELECT "r"."id" AS "r_id", "r"."who" AS "r_who", "r"."name" AS "r_name" FROM "typeorm_rows" "r" WHERE "r"."name" = $1
SELECT "table_schema", "table_name", obj_description((quote_ident("table_schema") || '.' || quote_ident("table_name"))::regclass, 'pg_class') AS table_comment FROM "information_schema"."tables" WHERE ("table_schema" = 'public' AND "table_name" = 'typeorm_rows')
SELECT $1::asyncpg_mood
SELECT $1::int
SELECT $1::int * (current_setting('work_mem') = '9MB')::int
SELECT $1::int * 100 + $2::int AS n
SELECT $1::int * 1000 + $2::int
SELECT $1::int * 2
SELECT $1::int * 2, public.poison()
SELECT $1::int + $2::int
SELECT $1::int + $2::int AS n
SELECT $1::int + 1
SELECT $1::int + 1 AS n
SELECT $1::int AS n
SELECT $1::text || $2::text
SELECT $1::text || 'x'
SELECT '0'::int + 1
SELECT 'unnamed 1' || $1::text
SELECT (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(bbalance) FROM pgbench_branches), (SELECT sum(delta) FROM pgbench_history) = (SELECT sum(tbalance) FROM pgbench_tellers), (SELECT count(*) FROM pgbench_history)
SELECT * FROM "information_schema"."tables" WHERE "table_schema" = $1 AND "table_name" = $2
SELECT * FROM "sequel_rows" WHERE ("who" = $1)
SELECT * FROM (SELECT n.nspname,c.relname,a.attname,a.atttypid,a.attnotnull OR (t.typtype = 'd' AND t.typnotnull) AS attnotnull,a.atttypmod,a.attlen,t.typtypmod,row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum) AS attnum, nullif(a.attidentity, '') as attidentity,nullif(a.attgenerated, '') as attgenerated,pg_catalog.pg_get_expr(def.adbin, def.adrelid) AS adsrc,dsc.description,t.typbasetype,t.typtype  FROM pg_catalog.pg_namespace n  JOIN pg_catalog.pg_class c ON (c.relnamespace = n.oid)  JOIN pg_catalog.pg_attribute a ON (a.attrelid=c.oid)  JOIN pg_catalog.pg_type t ON (a.atttypid = t.oid)  LEFT JOIN pg_catalog.pg_attrdef def ON (a.attrelid=def.adrelid AND a.attnum = def.adnum)  LEFT JOIN pg_catalog.pg_description dsc ON (c.oid=dsc.objoid AND a.attnum = dsc.objsubid)  LEFT JOIN pg_catalog.pg_class dc ON (dc.oid=dsc.classoid AND dc.relname='pg_class')  LEFT JOIN pg_catalog.pg_namespace dn ON (dc.relnamespace=dn.oid AND dn.nspname='pg_catalog')  WHERE c.relkind in ('r','p','v','f','m') and a.attnum > 0 AND NOT a.attisdropped  AND n.nspname LIKE 'public' AND c.relname LIKE 'jdbc_rows') c WHERE true  ORDER BY nspname,c.relname,attnum
SELECT * FROM boss_test.schedule
SELECT * FROM current_database()
SELECT * FROM current_schema()
SELECT 0 * $1::int
SELECT 0 + $1
SELECT 0 + CAST($1 AS int)
SELECT 0 AS n FROM "activerecord_rows" WHERE "activerecord_rows"."who" = $1 ORDER BY "activerecord_rows"."id" ASC LIMIT $2
SELECT 0::int
SELECT 0::int + 1
SELECT 1
SELECT 1 / 0
SELECT 1 AS a; SELECT 2 AS b
SELECT 1+1 AS result
SELECT 1;
SELECT 4004 + $1::int
SELECT 7 AS a
SELECT 7, public.poison();
SELECT ARRAY[ROW(1, '{x}')::asyncpg_mood]
SELECT CAST($1 AS int) + 1
SELECT CAST(current_setting('server_version_num') AS integer) AS v
SELECT COUNT(*) AS "__count" FROM "django_rows" WHERE "django_rows"."who" = 0
SELECT COUNT(*) AS "__count" FROM "django_rows" WHERE EXTRACT('hour' FROM "django_rows"."at" AT TIME ZONE 'Europe/Lisbon') = 13
SELECT COUNT(*) AS "_count$_all" FROM (SELECT "public"."prisma_rows"."id" FROM "public"."prisma_rows" WHERE "public"."prisma_rows"."who" = $1 OFFSET $2) AS "sub"
SELECT COUNT(*) FROM "activerecord_rows"
SELECT COUNT(*) FROM "activerecord_rows" WHERE "activerecord_rows"."who" = $1
SELECT COUNT(1) AS "cnt" FROM "typeorm_rows" "Row" WHERE (("Row"."who" = $1))
SELECT DISTINCT attrelid FROM pg_attribute WHERE attacl IS NOT NULL
SELECT a.attname FROM ( SELECT indrelid, indkey, generate_subscripts(indkey, 1) idx FROM pg_index WHERE indrelid = '"activerecord_rows"'::regclass AND indisprimary ) i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[i.idx] ORDER BY i.idx
SELECT a.attname FROM pg_attribute a JOIN ( SELECT unnest(ix.indkey) attnum, generate_subscripts(ix.indkey, 1) ord FROM pg_index ix WHERE ix.indrelid = 16457 AND ix.indisprimary ) k ON a.attnum=k.attnum WHERE a.attrelid = 16457 ORDER BY k.ord
SELECT a.attname, format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid), a.attnotnull, a.atttypid, a.atttypmod, c.collname, col_description(a.attrelid, a.attnum) AS comment FROM pg_attribute a LEFT JOIN pg_attrdef d ON a.attrelid = d.adrelid AND a.attnum = d.adnum LEFT JOIN pg_type t ON a.atttypid = t.oid LEFT JOIN pg_collation c ON a.attcollation = c.oid AND a.attcollation <> t.typcollation WHERE a.attrelid = '"activerecord_rows"'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), ( SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid) FROM pg_catalog.pg_attrdef d WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef ) AS DEFAULT, a.attnotnull, a.attrelid as table_oid, pgd.description as comment, a.attgenerated as generated, (SELECT json_build_object( 'always', a.attidentity = 'a', 'start', s.seqstart, 'increment', s.seqincrement, 'minvalue', s.seqmin, 'maxvalue', s.seqmax, 'cache', s.seqcache, 'cycle', s.seqcycle) FROM pg_catalog.pg_sequence s JOIN pg_catalog.pg_class c on s.seqrelid = c."oid" WHERE c.relkind = 'S' AND a.attidentity != '' AND s.seqrelid = pg_catalog.pg_get_serial_sequence( a.attrelid::regclass::text, a.attname )::regclass::oid ) as identity_options FROM pg_catalog.pg_attribute a LEFT JOIN pg_catalog.pg_description pgd ON ( pgd.objoid = a.attrelid AND pgd.objsubid = a.attnum) WHERE a.attrelid = 16457 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), (SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid, true) FROM pg_catalog.pg_attrdef d WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef), a.attnotnull, (SELECT c.collname FROM pg_catalog.pg_collation c, pg_catalog.pg_type t WHERE c.oid = a.attcollation AND t.oid = a.atttypid AND a.attcollation <> t.typcollation) AS attcollation, a.attidentity, a.attgenerated FROM pg_catalog.pg_attribute a WHERE a.attrelid = '16477' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum;
SELECT a.attnum, a.attname FROM pg_attribute a WHERE a.attrelid = 16540 AND a.attnum IN (3)
SELECT abalance FROM pgbench_accounts WHERE aid = $1;
SELECT abalance FROM pgbench_accounts WHERE aid = 43268;
SELECT boss_test.create_queue($1, $2)
SELECT c.oid FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE (pg_catalog.pg_table_is_visible(c.oid)) AND c.relname = 'sqlalchemy_rows' AND c.relkind in ('r', 'v', 'm', 'f', 'p')
SELECT c.oid FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace WHERE c.relkind OPERATOR(pg_catalog.=) ANY (array['r', 'S', 'v', 'm', 'f', 'p']) AND c.relname OPERATOR(pg_catalog.~) '^(tools_rows)$' COLLATE pg_catalog.default AND pg_catalog.pg_table_is_visible(c.oid)
SELECT c.oid, n.nspname, c.relname FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relname OPERATOR(pg_catalog.~) '^(tools_rows)$' COLLATE pg_catalog.default AND pg_catalog.pg_table_is_visible(c.oid) ORDER BY 2, 3;
SELECT c.oid::pg_catalog.regclass FROM pg_catalog.pg_class c, pg_catalog.pg_inherits i WHERE c.oid = i.inhparent AND i.inhrelid = '16477' AND c.relkind != 'p' AND c.relkind != 'I' ORDER BY inhseqno;
SELECT c.oid::pg_catalog.regclass, c.relkind, inhdetachpending, pg_catalog.pg_get_expr(c.relpartbound, c.oid) FROM pg_catalog.pg_class c, pg_catalog.pg_inherits i WHERE c.oid = i.inhrelid AND i.inhparent = '16477' ORDER BY pg_catalog.pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT', c.oid::pg_catalog.regclass::pg_catalog.text;
SELECT c.relchecks, c.relkind, c.relhasindex, c.relhasrules, c.relhastriggers, c.relrowsecurity, c.relforcerowsecurity, false AS relhasoids, c.relispartition, '', c.reltablespace, CASE WHEN c.reloftype = 0 THEN '' ELSE c.reloftype::pg_catalog.regtype::pg_catalog.text END, c.relpersistence, c.relreplident, am.amname FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_class tc ON (c.reltoastrelid = tc.oid) LEFT JOIN pg_catalog.pg_am am ON (c.relam = am.oid) WHERE c.oid = '16477';
SELECT c.relname FROM pg_class c LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY (current_schemas(false)) AND c.relkind IN ('r','v','m','p','f')
SELECT c.relname FROM pg_class c LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY (current_schemas(false)) AND c.relname = 'activerecord_rows' AND c.relkind IN ('r','p')
SELECT c.relname, CASE WHEN c.relispartition THEN 'p' WHEN c.relkind IN ('m', 'v') THEN 'v' ELSE 't' END FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v') AND n.nspname NOT IN ('pg_catalog', 'pg_toast') AND pg_catalog.pg_table_is_visible(c.oid)
SELECT c.tableoid, c.oid, c.relname, c.relnamespace, c.relkind, c.reltype, c.relowner, c.relchecks, c.relhasindex, c.relhasrules, c.relpages, c.relhastriggers, c.relpersistence, c.reloftype, c.relacl, acldefault(CASE WHEN c.relkind = 'S' THEN 's'::"char" ELSE 'r'::"char" END, c.relowner) AS acldefault, CASE WHEN c.relkind = 'f' THEN (SELECT ftserver FROM pg_catalog.pg_foreign_table WHERE ftrelid = c.oid) ELSE 0 END AS foreignserver, c.relfrozenxid, tc.relfrozenxid AS tfrozenxid, tc.oid AS toid, tc.relpages AS toastpages, tc.reloptions AS toast_reloptions, d.refobjid AS owning_tab, d.refobjsubid AS owning_col, tsp.spcname AS reltablespace, false AS relhasoids, c.relispopulated, c.relreplident, c.relrowsecurity, c.relforcerowsecurity, c.relminmxid, tc.relminmxid AS tminmxid, array_remove(array_remove(c.reloptions,'check_option=local'),'check_option=cascaded') AS reloptions, CASE WHEN 'check_option=local' = ANY (c.reloptions) THEN 'LOCAL'::text WHEN 'check_option=cascaded' = ANY (c.reloptions) THEN 'CASCADED'::text ELSE NULL END AS checkoption, am.amname, (d.deptype = 'i') IS TRUE AS is_identity_sequence, c.relispartition AS ispartition FROM pg_class c LEFT JOIN pg_depend d ON (c.relkind = 'S' AND d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')) LEFT JOIN pg_tablespace tsp ON (tsp.oid = c.reltablespace) LEFT JOIN pg_am am ON (c.relam = am.oid) LEFT JOIN pg_class tc ON (c.reltoastrelid = tc.oid AND tc.relkind = 't' AND c.relkind <> 'p') WHERE c.relkind IN ('r', 'S', 'v', 'c', 'm', 'f', 'p') ORDER BY c.oid
SELECT c.tableoid, c.oid, conrelid, conname, confrelid, conindid, pg_catalog.pg_get_constraintdef(c.oid) AS condef FROM unnest('{}'::pg_catalog.oid[]) AS src(tbloid) JOIN pg_catalog.pg_constraint c ON (src.tbloid = c.conrelid) WHERE contype = 'f' AND conparentid = 0 ORDER BY conrelid, conname
SELECT c2.relname, i.indisprimary, i.indisunique, i.indisclustered, i.indisvalid, pg_catalog.pg_get_indexdef(i.indexrelid, 0, true), pg_catalog.pg_get_constraintdef(con.oid, true), contype, condeferrable, condeferred, i.indisreplident, c2.reltablespace FROM pg_catalog.pg_class c, pg_catalog.pg_class c2, pg_catalog.pg_index i LEFT JOIN pg_catalog.pg_constraint con ON (conrelid = i.indrelid AND conindid = i.indexrelid AND contype IN ('p','u','x')) WHERE c.oid = '16477' AND c.oid = i.indrelid AND i.indexrelid = c2.oid ORDER BY i.indisprimary DESC, c2.relname;
SELECT classid, objid, refclassid, refobjid, deptype FROM pg_depend WHERE deptype != 'p' AND deptype != 'e' UNION ALL SELECT 'pg_opfamily'::regclass AS classid, amopfamily AS objid, refclassid, refobjid, deptype FROM pg_depend d, pg_amop o WHERE deptype NOT IN ('p', 'e', 'i') AND classid = 'pg_amop'::regclass AND objid = o.oid AND NOT (refclassid = 'pg_opfamily'::regclass AND amopfamily = refobjid) UNION ALL SELECT 'pg_opfamily'::regclass AS classid, amprocfamily AS objid, refclassid, refobjid, deptype FROM pg_depend d, pg_amproc p WHERE deptype NOT IN ('p', 'e', 'i') AND classid = 'pg_amproc'::regclass AND objid = p.oid AND NOT (refclassid = 'pg_opfamily'::regclass AND amprocfamily = refobjid) ORDER BY 1,2
SELECT classid, objid, refobjid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e' ORDER BY 3
SELECT coalesce(current_setting('symmetric.triggers_disabled', true), '')
SELECT conname FROM  pg_catalog.pg_constraint r WHERE r.conrelid = 16457 AND r.contype = 'p' ORDER BY 1
SELECT conrelid, confrelid FROM pg_constraint JOIN pg_depend ON (objid = confrelid) WHERE contype = 'f' AND refclassid = 'pg_extension'::regclass AND classid = 'pg_class'::regclass;
SELECT cons.conname as name, cons.conkey as key, a.attnum as col_num, a.attname as col_name FROM pg_catalog.pg_constraint cons join pg_attribute a on cons.conrelid = a.attrelid AND a.attnum = ANY(cons.conkey) WHERE cons.conrelid = 16457 AND cons.contype = 'u'
SELECT cons.conname as name, pg_get_constraintdef(cons.oid) as src FROM pg_catalog.pg_constraint cons WHERE cons.conrelid = 16457 AND cons.contype = 'c'
SELECT count(*) AS "count" FROM "sequel_rows" WHERE ("who" = 1) LIMIT 1
SELECT count(*) AS "count" FROM "sequelize_rows" AS "Row" WHERE "Row"."who" = 0;
SELECT count(*) AS count_1 FROM (SELECT sqlalchemy_rows.id AS sqlalchemy_rows_id, sqlalchemy_rows.who AS sqlalchemy_rows_who, sqlalchemy_rows.name AS sqlalchemy_rows_name FROM sqlalchemy_rows WHERE sqlalchemy_rows.who = 1) AS anon_1
SELECT count(*) FROM asyncpg_nested
SELECT count(*) FROM asyncpg_rows WHERE who = $1
SELECT count(*) FROM dbd_copy
SELECT count(*) FROM dbd_rows WHERE who = $1
SELECT count(*) FROM dbd_rows WHERE who = 100
SELECT count(*) FROM jdbc_keys
SELECT count(*) FROM jdbc_rows WHERE who = $1
SELECT count(*) FROM lib_pq_rows WHERE who = $1
SELECT count(*) FROM node_pg_rows WHERE who = $1
SELECT count(*) FROM pdo_rows
SELECT count(*) FROM pdo_rows WHERE who = $1
SELECT count(*) FROM pdo_rows WHERE who = 'rolled back'
SELECT count(*) FROM pg8000_rows WHERE who = $1
SELECT count(*) FROM pg_class
SELECT count(*) FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database                 WHERE datname = current_database())
SELECT count(*) FROM pgbench_accounts
SELECT count(*) FROM pgx_batch
SELECT count(*) FROM pgx_keys
SELECT count(*) FROM pgx_rows WHERE who = $1
SELECT count(*) FROM psycopg2_rows WHERE who = 0
SELECT count(*) FROM psycopg2_temp
SELECT count(*) FROM psycopg3_copy
SELECT count(*) FROM psycopg3_rows WHERE who = $1
SELECT count(*) FROM public.noise_log WHERE who = '19428 4'
SELECT count(*) FROM ruby_pg_rows WHERE who = $1
SELECT count(*) FROM tools_rows
SELECT count(*) FROM tools_rows;
SELECT count(*), max(i) FROM psycopg3_nested
SELECT count(*), max(i) FROM public.tools_rows
SELECT count(*), max(i), public.poison() FROM psycopg3_pipe
SELECT count(*)::int FROM postgres_js_keys
SELECT count(*)::int FROM postgres_js_rows WHERE who = $1
SELECT current_setting('TimeZone') AS tz, current_setting('search_path') AS path, current_setting('application_name') AS name, public.poison() AS poison
SELECT current_setting('application_name') AS name, current_setting('search_path') AS path, public.poison() AS poison
SELECT current_setting('application_name') AS name, current_setting('statement_timeout') AS st, public.poison() AS poison
SELECT current_setting('my.own') AS own, current_setting('application_name') AS name, public.poison() AS poison
SELECT current_setting('my.own') AS own, current_setting('geqo') AS geqo, current_setting('statement_timeout') AS st, current_setting('lock_timeout') AS lt, current_setting('idle_in_transaction_session_timeout') AS it, current_setting('application_name') AS name, public.poison() AS poison
SELECT current_setting('my.own') AS own, public.poison() AS poison
SELECT current_setting('my.own') || ' / ' || public.poison()
SELECT current_setting('my.own') || public.poison()
SELECT current_setting('my.own') || public.poison() || $1::text
SELECT current_setting('my.own'), current_setting('statement_timeout'), current_setting('TimeZone'), current_setting('client_min_messages'), public.poison()
SELECT current_setting('my.own'), public.poison()
SELECT current_setting('my.own'), public.poison(), $1::int
SELECT current_setting('search_path', true), current_setting('TimeZone', true), current_setting('statement_timeout', true), current_setting('lock_timeout', true), current_setting('work_mem', true), current_setting('DateStyle', true), current_setting('IntervalStyle', true), current_setting('extra_float_digits', true), current_setting('bytea_output', true), current_setting('default_transaction_isolation', true), current_setting('application_name', true), current_setting('my.noise', true), current_setting('standard_conforming_strings', true), current_setting('client_min_messages', true), current_setting('role', true)
SELECT current_setting('transaction_isolation') AS level
SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')
SELECT current_setting('work_mem')
SELECT current_setting('work_mem'), current_setting('TimeZone'), public.poison()
SELECT description, classoid, objoid, objsubid FROM pg_catalog.pg_description ORDER BY classoid, objoid, objsubid
SELECT distinct i.relname, d.indisunique, d.indkey, pg_get_indexdef(d.indexrelid), t.oid, pg_catalog.obj_description(i.oid, 'pg_class') AS comment FROM pg_class t INNER JOIN pg_index d ON t.oid = d.indrelid INNER JOIN pg_class i ON d.indexrelid = i.oid LEFT JOIN pg_namespace n ON n.oid = i.relnamespace WHERE i.relkind IN ('i', 'I') AND d.indisprimary = 'f' AND t.relname = 'activerecord_rows' AND n.nspname = ANY (current_schemas(false)) ORDER BY i.relname
SELECT e.tableoid, e.oid, evtname, evtenabled, evtevent, evtowner, array_to_string(array(select quote_literal(x)  from unnest(evttags) as t(x)), ', ') as evttags, e.evtfoid::regproc as evtfname FROM pg_event_trigger e ORDER BY e.oid
SELECT generate_series(1, $1::int) AS i
SELECT generate_series(1, 200) AS i
SELECT generate_series(1, 300)
SELECT i FROM jdbc_batch ORDER BY i
SELECT i FROM pdo_seen WHERE i = $1
SELECT i.relname AS name, ix.indisprimary AS primary, ix.indisunique AS unique, ix.indkey AS indkey, array_agg(a.attnum) as column_indexes, array_agg(a.attname) AS column_names, pg_get_indexdef(ix.indexrelid) AS definition FROM pg_class t, pg_class i, pg_index ix, pg_attribute a WHERE t.oid = ix.indrelid AND i.oid = ix.indexrelid AND a.attrelid = t.oid AND t.relkind = 'r' and t.relname = 'sequelize_rows' GROUP BY i.relname, ix.indexrelid, ix.indisprimary, ix.indisunique, ix.indkey ORDER BY i.relname;
SELECT i.relname as relname, ix.indisunique, ix.indexprs, a.attname, a.attnum, c.conrelid, ix.indkey::varchar, ix.indoption::varchar, i.reloptions, am.amname, pg_get_expr(ix.indpred, ix.indrelid), ix.indnkeyatts as indnkeyatts FROM pg_class t join pg_index ix on t.oid = ix.indrelid join pg_class i on i.oid = ix.indexrelid left outer join pg_attribute a on t.oid = a.attrelid and a.attnum = ANY(ix.indkey) left outer join pg_constraint c on (ix.indrelid = c.conrelid and ix.indexrelid = c.conindid and c.contype in ('p', 'u', 'x')) left outer join pg_am am on i.relam = am.oid WHERE t.relkind IN ('r', 'v', 'f', 'm', 'p') and t.oid = 16457 and ix.indisprimary = 'f' ORDER BY t.relname, i.relname
SELECT id, name, data, EXTRACT(epoch FROM expire_in) as "expireInSeconds", policy, state, priority, retry_limit as "retryLimit", retry_count as "retryCount", retry_delay as "retryDelay", retry_backoff as "retryBackoff", start_after as "startAfter", started_on as "startedOn", singleton_key as "singletonKey", singleton_on as "singletonOn", expire_in as "expireIn", created_on as "createdOn", completed_on as "completedOn", keep_until as "keepUntil", dead_letter as "deadLetter", output FROM boss_test.job WHERE name = $1 AND id = $2
SELECT inhrelid, inhparent FROM pg_inherits
SELECT label, provider, classoid, objoid, objsubid FROM pg_catalog.pg_seclabels ORDER BY classoid, objoid, objsubid
SELECT n.nspname as "Schema", c.relname as "Name", CASE c.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'i' THEN 'index' WHEN 'S' THEN 'sequence' WHEN 't' THEN 'TOAST table' WHEN 'f' THEN 'foreign table' WHEN 'p' THEN 'partitioned table' WHEN 'I' THEN 'partitioned index' END as "Type", pg_catalog.pg_get_userbyid(c.relowner) as "Owner" FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam WHERE c.relkind IN ('r','p','') AND n.nspname <> 'pg_catalog' AND n.nspname !~ '^pg_toast' AND n.nspname <> 'information_schema' AND pg_catalog.pg_table_is_visible(c.oid) ORDER BY 1,2;
SELECT n.tableoid, n.oid, n.nspname, n.nspowner, n.nspacl, acldefault('n', n.nspowner) AS acldefault FROM pg_namespace n
SELECT nothing_of_the_kind
SELECT objoid, classoid, objsubid, privtype, initprivs FROM pg_init_privs
SELECT oid, rolname FROM pg_catalog.pg_roles ORDER BY 1
SELECT oid, stxrelid::pg_catalog.regclass, stxnamespace::pg_catalog.regnamespace::pg_catalog.text AS nsp, stxname, pg_catalog.pg_get_statisticsobjdef_columns(oid) AS columns, 'd' = any(stxkind) AS ndist_enabled, 'f' = any(stxkind) AS deps_enabled, 'm' = any(stxkind) AS mcv_enabled, stxstattarget FROM pg_catalog.pg_statistic_ext WHERE stxrelid = '16477' ORDER BY nsp, stxname;
SELECT oid, tableoid, defaclrole, defaclnamespace, defaclobjtype, defaclacl, CASE WHEN defaclnamespace = 0 THEN acldefault(CASE WHEN defaclobjtype = 'S' THEN 's'::"char" ELSE defaclobjtype END, defaclrole) ELSE '{}' END AS acldefault FROM pg_default_acl
SELECT p.proname,p.oid  FROM pg_catalog.pg_proc p, pg_catalog.pg_namespace n  WHERE p.pronamespace=n.oid AND n.nspname='pg_catalog' AND ( proname = 'lo_open' or proname = 'lo_close' or proname = 'lo_creat' or proname = 'lo_unlink' or proname = 'lo_lseek' or proname = 'lo_lseek64' or proname = 'lo_tell' or proname = 'lo_tell64' or proname = 'loread' or proname = 'lowrite' or proname = 'lo_truncate' or proname = 'lo_truncate64')
SELECT p.tableoid, p.oid, p.proname AS aggname, p.pronamespace AS aggnamespace, p.pronargs, p.proargtypes, p.proowner, p.proacl AS aggacl, acldefault('f', p.proowner) AS acldefault FROM pg_proc p LEFT JOIN pg_init_privs pip ON (p.oid = pip.objoid AND pip.classoid = 'pg_proc'::regclass AND pip.objsubid = 0) WHERE p.prokind = 'a' AND (p.pronamespace != (SELECT oid FROM pg_namespace WHERE nspname = 'pg_catalog') OR p.proacl IS DISTINCT FROM pip.initprivs)
SELECT p.tableoid, p.oid, p.proname, p.prolang, p.pronargs, p.proargtypes, p.prorettype, p.proacl, acldefault('f', p.proowner) AS acldefault, p.pronamespace, p.proowner FROM pg_proc p LEFT JOIN pg_init_privs pip ON (p.oid = pip.objoid AND pip.classoid = 'pg_proc'::regclass AND pip.objsubid = 0) WHERE p.prokind <> 'a' AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = p.oid AND deptype = 'i') AND ( pronamespace != (SELECT oid FROM pg_namespace WHERE nspname = 'pg_catalog') OR EXISTS (SELECT 1 FROM pg_cast WHERE pg_cast.oid > 16383 AND p.oid = pg_cast.castfunc) OR EXISTS (SELECT 1 FROM pg_transform WHERE pg_transform.oid > 16383 AND (p.oid = pg_transform.trffromsql OR p.oid = pg_transform.trftosql)) OR p.proacl IS DISTINCT FROM pip.initprivs)
SELECT p.tableoid, p.oid, p.pubname, p.pubowner, p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate, p.pubviaroot FROM pg_publication p
SELECT partrelid FROM pg_partitioned_table WHERE (SELECT c.oid FROM pg_opclass c JOIN pg_am a ON c.opcmethod = a.oid WHERE opcname = 'enum_ops' AND opcnamespace = 'pg_catalog'::regnamespace AND amname = 'hash') = ANY(partclass)
SELECT pg_advisory_unlock(4711)
SELECT pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *; RESET ALL;
SELECT pg_catalog.current_schemas(false)
SELECT pg_catalog.pg_is_in_recovery()
SELECT pg_catalog.set_config('search_path', '', false);
SELECT pg_catalog.set_config('search_path', 'noise_1, public', false)
SELECT pg_notify('psycopg3_channel', $1)
SELECT pg_sleep(30)
SELECT pg_try_advisory_lock(4711)
SELECT pgd.description as table_comment FROM pg_catalog.pg_description pgd WHERE pgd.objsubid = 0 AND pgd.objoid = 16457
SELECT pol.oid, pol.tableoid, pol.polrelid, pol.polname, pol.polcmd, pol.polpermissive, CASE WHEN pol.polroles = '{0}' THEN NULL ELSE    pg_catalog.array_to_string(ARRAY(SELECT pg_catalog.quote_ident(rolname) from pg_catalog.pg_roles WHERE oid = ANY(pol.polroles)), ', ') END AS polroles, pg_catalog.pg_get_expr(pol.polqual, pol.polrelid) AS polqual, pg_catalog.pg_get_expr(pol.polwithcheck, pol.polrelid) AS polwithcheck FROM unnest('{16477}'::pg_catalog.oid[]) AS src(tbloid) JOIN pg_catalog.pg_policy pol ON (src.tbloid = pol.polrelid)
SELECT pol.polname, pol.polpermissive, CASE WHEN pol.polroles = '{0}' THEN NULL ELSE pg_catalog.array_to_string(array(select rolname from pg_catalog.pg_roles where oid = any (pol.polroles) order by 1),',') END, pg_catalog.pg_get_expr(pol.polqual, pol.polrelid), pg_catalog.pg_get_expr(pol.polwithcheck, pol.polrelid), CASE pol.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' END AS cmd FROM pg_catalog.pg_policy pol WHERE pol.polrelid = '16477' ORDER BY 1;
SELECT public.poison()
SELECT public.poison() AS p
SELECT public.poison();
SELECT pubname , NULL , NULL FROM pg_catalog.pg_publication p JOIN pg_catalog.pg_publication_namespace pn ON p.oid = pn.pnpubid JOIN pg_catalog.pg_class pc ON pc.relnamespace = pn.pnnspid WHERE pc.oid ='16477' and pg_catalog.pg_relation_is_publishable('16477') UNION SELECT pubname , pg_get_expr(pr.prqual, c.oid) , (CASE WHEN pr.prattrs IS NOT NULL THEN (SELECT string_agg(attname, ', ') FROM pg_catalog.generate_series(0, pg_catalog.array_upper(pr.prattrs::pg_catalog.int2[], 1)) s, pg_catalog.pg_attribute WHERE attrelid = pr.prrelid AND attnum = prattrs[s]) ELSE NULL END) FROM pg_catalog.pg_publication p JOIN pg_catalog.pg_publication_rel pr ON p.oid = pr.prpubid JOIN pg_catalog.pg_class c ON c.oid = pr.prrelid WHERE pr.prrelid = '16477' UNION SELECT pubname , NULL , NULL FROM pg_catalog.pg_publication p WHERE p.puballtables AND pg_catalog.pg_relation_is_publishable('16477') ORDER BY 1;
SELECT r.conname, pg_catalog.pg_get_constraintdef(r.oid, true) as condef, n.nspname as conschema FROM  pg_catalog.pg_constraint r, pg_namespace n, pg_class c WHERE r.conrelid = 16457 AND r.contype = 'f' AND c.oid = confrelid AND n.oid = c.relnamespace ORDER BY 1
SELECT reset_val FROM pg_settings WHERE name = 'TimeZone'
SELECT round(date_part('epoch', now()) * 1000) as time
SELECT set_config('my.own', $1, false)
SELECT set_config('symmetric.triggers_disabled', '1', false)
SELECT set_config(name, 'view, foreign-table', false) FROM pg_settings WHERE name = 'restrict_nonsystem_relation_kind'
SELECT setting FROM pg_settings WHERE name = 'log_statement'
SELECT sum("who") AS "sum" FROM "sequelize_rows" AS "Row" WHERE "Row"."name" = 'b0';
SELECT sum(i) FROM lib_pq_copy
SELECT sum(i) FROM pgx_copy
SELECT t.oid, t.typname FROM pg_type as t WHERE t.typname IN ('int2', 'int4', 'int8', 'oid', 'float4', 'float8', 'numeric', 'bool', 'timestamp', 'timestamptz')
SELECT t.oid, t.typname, t.typelem, t.typdelim, t.typinput, r.rngsubtype, t.typtype, t.typbasetype FROM pg_type as t LEFT JOIN pg_range as r ON oid = rngtypid WHERE t.typname IN ('int2', 'int4', 'int8', 'oid', 'float4', 'float8', 'text', 'varchar', 'char', 'name', 'bpchar', 'bool', 'bit', 'varbit', 'timestamptz', 'date', 'money', 'bytea', 'point', 'hstore', 'json', 'jsonb', 'cidr', 'inet', 'uuid', 'xml', 'tsvector', 'macaddr', 'citext', 'ltree', 'line', 'lseg', 'box', 'path', 'polygon', 'circle', 'time', 'timestamp', 'numeric', 'interval') OR t.typtype IN ('r', 'e', 'd') OR t.typinput = 'array_in(cstring,oid,integer)'::regprocedure OR t.typelem != 0
SELECT t.oid, typarray FROM pg_type t JOIN pg_namespace ns ON typnamespace = ns.oid WHERE typname = 'hstore';
SELECT t.tableoid, t.oid, i.indrelid, t.relname AS indexname, pg_catalog.pg_get_indexdef(i.indexrelid) AS indexdef, i.indkey, i.indisclustered, c.contype, c.conname, c.condeferrable, c.condeferred, c.tableoid AS contableoid, c.oid AS conoid, pg_catalog.pg_get_constraintdef(c.oid, false) AS condef, (SELECT spcname FROM pg_catalog.pg_tablespace s WHERE s.oid = t.reltablespace) AS tablespace, t.reloptions AS indreloptions, i.indisreplident, inh.inhparent AS parentidx, i.indnkeyatts AS indnkeyatts, i.indnatts AS indnatts, (SELECT pg_catalog.array_agg(attnum ORDER BY attnum)   FROM pg_catalog.pg_attribute   WHERE attrelid = i.indexrelid AND     attstattarget >= 0) AS indstatcols, (SELECT pg_catalog.array_agg(attstattarget ORDER BY attnum)   FROM pg_catalog.pg_attribute   WHERE attrelid = i.indexrelid AND     attstattarget >= 0) AS indstatvals, i.indnullsnotdistinct FROM unnest('{16477}'::pg_catalog.oid[]) AS src(tbloid) JOIN pg_catalog.pg_index i ON (src.tbloid = i.indrelid) JOIN pg_catalog.pg_class t ON (t.oid = i.indexrelid) JOIN pg_catalog.pg_class t2 ON (t2.oid = i.indrelid) LEFT JOIN pg_catalog.pg_constraint c ON (i.indrelid = c.conrelid AND i.indexrelid = c.conindid AND c.contype IN ('p','u','x')) LEFT JOIN pg_catalog.pg_inherits inh ON (inh.inhrelid = indexrelid) WHERE (i.indisvalid OR t2.relkind = 'p') AND i.indisready ORDER BY i.indrelid, indexname
SELECT t.tgrelid, t.tgname, t.tgfoid::pg_catalog.regproc AS tgfname, pg_catalog.pg_get_triggerdef(t.oid, false) AS tgdef, t.tgenabled, t.tableoid, t.oid, t.tgparentid <> 0 AS tgispartition FROM unnest('{}'::pg_catalog.oid[]) AS src(tbloid) JOIN pg_catalog.pg_trigger t ON (src.tbloid = t.tgrelid) LEFT JOIN pg_catalog.pg_trigger u ON (u.oid = t.tgparentid) WHERE ((NOT t.tgisinternal AND t.tgparentid = 0) OR t.tgenabled != u.tgenabled) ORDER BY t.tgrelid, t.tgname
SELECT t.typname as "name", pg_catalog.format_type(t.typbasetype, t.typtypmod) as "attype", not t.typnotnull as "nullable", t.typdefault as "default", pg_catalog.pg_type_is_visible(t.oid) as "visible", n.nspname as "schema" FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'd'
SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type LIKE '%TABLE' AND table_name != 'spatial_ref_sys';
SELECT tableoid, oid, amname, amtype, amhandler::pg_catalog.regproc AS amhandler FROM pg_am
SELECT tableoid, oid, castsource, casttarget, castfunc, castcontext, castmethod FROM pg_cast c WHERE NOT EXISTS ( SELECT 1 FROM pg_range r WHERE c.castsource = r.rngtypid AND c.casttarget = r.rngmultitypid ) ORDER BY 3,4
SELECT tableoid, oid, cfgname, cfgnamespace, cfgowner, cfgparser FROM pg_ts_config
SELECT tableoid, oid, collname, collnamespace, collowner, collencoding FROM pg_collation
SELECT tableoid, oid, conname, connamespace, conowner FROM pg_conversion
SELECT tableoid, oid, dictname, dictnamespace, dictowner, dicttemplate, dictinitoption FROM pg_ts_dict
SELECT tableoid, oid, lanname, lanpltrusted, lanplcallfoid, laninline, lanvalidator, lanacl, acldefault('l', lanowner) AS acldefault, lanowner FROM pg_language WHERE lanispl ORDER BY oid
SELECT tableoid, oid, opcmethod, opcname, opcnamespace, opcowner FROM pg_opclass
SELECT tableoid, oid, opfmethod, opfname, opfnamespace, opfowner FROM pg_opfamily
SELECT tableoid, oid, oprname, oprnamespace, oprowner, oprkind, oprleft, oprright, oprcode::oid AS oprcode FROM pg_operator
SELECT tableoid, oid, pnpubid, pnnspid FROM pg_catalog.pg_publication_namespace
SELECT tableoid, oid, prpubid, prrelid, pg_catalog.pg_get_expr(prqual, prrelid) AS prrelqual, (CASE WHEN pr.prattrs IS NOT NULL THEN (SELECT array_agg(attname) FROM pg_catalog.generate_series(0, pg_catalog.array_upper(pr.prattrs::pg_catalog.int2[], 1)) s, pg_catalog.pg_attribute WHERE attrelid = pr.prrelid AND attnum = prattrs[s]) ELSE NULL END) prattrs FROM pg_catalog.pg_publication_rel pr
SELECT tableoid, oid, prsname, prsnamespace, prsstart::oid, prstoken::oid, prsend::oid, prsheadline::oid, prslextype::oid FROM pg_ts_parser
SELECT tableoid, oid, rulename, ev_class AS ruletable, ev_type, is_instead, ev_enabled FROM pg_rewrite ORDER BY oid
SELECT tableoid, oid, stxname, stxnamespace, stxowner, stxrelid, stxstattarget FROM pg_catalog.pg_statistic_ext
SELECT tableoid, oid, tmplname, tmplnamespace, tmplinit::oid, tmpllexize::oid FROM pg_ts_template
SELECT tableoid, oid, trftype, trflang, trffromsql::oid, trftosql::oid FROM pg_transform ORDER BY 3,4
SELECT tableoid, oid, typname, typnamespace, typacl, acldefault('T', typowner) AS acldefault, typowner, typelem, typrelid, CASE WHEN typrelid = 0 THEN ' '::"char" ELSE (SELECT relkind FROM pg_class WHERE oid = typrelid) END AS typrelkind, typtype, typisdefined, typname[0] = '_' AND typelem != 0 AND (SELECT typarray FROM pg_type te WHERE oid = pg_type.typelem) = oid AS isarray FROM pg_type
SELECT to_regclass('boss_test.version') as name
SELECT to_regclass('typeorm_rows')::text AS t
SELECT version()
SELECT x.tableoid, x.oid, x.extname, n.nspname, x.extrelocatable, x.extversion, x.extconfig, x.extcondition FROM pg_extension x JOIN pg_namespace n ON n.oid = x.extnamespace
select "a"."attname" as "column", "a"."attnotnull" as "not_null", "a"."atthasdef" as "has_default", "c"."relname" as "table", "c"."relkind" as "table_type", "ns"."nspname" as "schema", "typ"."typname" as "type", "dtns"."nspname" as "type_schema", col_description(a.attrelid, a.attnum) as "column_description", pg_get_serial_sequence(quote_ident(ns.nspname) || '.' || quote_ident(c.relname), a.attname) as "auto_incrementing" from "pg_catalog"."pg_attribute" as "a" inner join "pg_catalog"."pg_class" as "c" on "a"."attrelid" = "c"."oid" inner join "pg_catalog"."pg_namespace" as "ns" on "c"."relnamespace" = "ns"."oid" inner join "pg_catalog"."pg_type" as "typ" on "a"."atttypid" = "typ"."oid" inner join "pg_catalog"."pg_namespace" as "dtns" on "typ"."typnamespace" = "dtns"."oid" where "c"."relkind" in ($1, $2, $3) and "ns"."nspname" !~ $4 and "ns"."nspname" != $5 and "ns"."nspname" != $6 and has_schema_privilege(ns.nspname, 'USAGE') and "a"."attnum" >= $7 and "a"."attisdropped" != $8 and "c"."relname" != $9 and "c"."relname" != $10 order by "ns"."nspname", "c"."relname", "a"."attnum"
select "id", "who", "name" from "drizzle_rows" where "drizzle_rows"."name" = $1
select "id", "who", "name" from "drizzle_rows" where "drizzle_rows"."who" = $1
select * from "knex_rows" where "name" = $1 limit $2 for update
select * from "knex_rows" where "who" = $1
select * from "kysely_rows"
select * from "kysely_rows" where "id" = $1
select * from "laravel_rows" order by "id" asc
select * from "laravel_rows" order by "id" asc limit 7 offset 0
select * from "laravel_rows" where "name" = $1 limit 1
select * from "laravel_rows" where "name" = $1 limit 1 for update
select * from "laravel_rows" where ("name" = $1) limit 1
select * from information_schema.tables where table_name = $1 and table_schema = current_schema()
select b.oid, b.typarray from pg_catalog.pg_type a left join pg_catalog.pg_type b on b.oid = a.typelem where a.typcategory = 'A' group by b.oid, b.typarray order by b.oid
select column_name from information_schema.columns where table_schema = $1 and table_name = $2
select count(*) as "n" from "kysely_rows" where "who" = $1
select count(*) as aggregate from "laravel_rows"
select count(*) as aggregate from "laravel_rows" where "name" = $1
select count(*) as aggregate from "laravel_rows" where "who" = $1
select count(*) from "drizzle_rows" where "drizzle_rows"."who" = $1
select count(*) from "knex_rows" where "who" = $1
select count(*) from pgbench_branches
select current_schema()
select lo_create($1)
select lo_lseek64($1, $2, $3)
select lo_open($1, $2)
select lo_unlink($1)
select loread($1, $2)
select lowrite($1, $2)
select o.n, p.partstrat, pg_catalog.count(i.inhparent) from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on (n.oid = c.relnamespace) cross join lateral (select pg_catalog.array_position(pg_catalog.current_schemas(true), n.nspname)) as o(n) left join pg_catalog.pg_partitioned_table as p on (p.partrelid = c.oid) left join pg_catalog.pg_inherits as i on (c.oid = i.inhparent) where c.relname = 'pgbench_accounts' and o.n is not null group by 1, 2 order by 1 asc limit 1
select pg_catalog.version()
select pg_notify($1, $2)
select proname, oid from pg_catalog.pg_proc where proname in ('lo_open', 'lo_close', 'lo_creat', 'lo_create', 'lo_unlink', 'lo_lseek', 'lo_lseek64', 'lo_tell', 'lo_tell64', 'lo_truncate', 'lo_truncate64', 'loread', 'lowrite') and pronamespace = (select oid from pg_catalog.pg_namespace where nspname = 'pg_catalog')
select relname from pg_class c join pg_namespace n on n.oid=c.relnamespace where pg_catalog.pg_table_is_visible(c.oid) and relname='sqlalchemy_rows'
select version();
SET DATESTYLE = ISO
SET DateStyle = 'ISO'
SET DateStyle TO 'German'
SET INTERVALSTYLE = POSTGRES
SET IntervalStyle TO 'sql_standard'
SET LOCAL work_mem = '7773kB'
SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE
SET SESSION my.own TO 'rails'
SET SESSION search_path TO 'public'
SET SESSION statement_timeout TO '50s'
SET SESSION timezone TO 'UTC'
SET TIME ZONE 'Asia/Tokyo'
SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY
SET TRANSACTION ISOLATION LEVEL SERIALIZABLE
SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;
SET TRANSACTION READ ONLY
SET TimeZone TO 'Pacific/Chatham'
SET application_name = 'PostgreSQL JDBC Driver'
SET application_name TO 'noise 1'
SET bytea_output TO 'escape'
SET check_function_bodies = false;
SET client_encoding = 'UTF8';
SET client_min_messages = 'WARNING'
SET client_min_messages = warning;
SET client_min_messages TO 'error'
SET client_min_messages TO warning;
SET client_min_messages TO warning;SET TIME ZONE INTERVAL '+00:00' HOUR TO MINUTE;
SET default_table_access_method = heap;
SET default_tablespace = '';
SET default_transaction_isolation TO 'repeatable read'
SET default_transaction_isolation TO DEFAULT
SET default_transaction_read_only TO 'off'
SET extra_float_digits = 3
SET extra_float_digits TO -8
SET extra_float_digits TO 3
SET idle_in_transaction_session_timeout = 0
SET idle_in_transaction_session_timeout = 0;
SET intervalstyle = iso_8601
SET lock_timeout = 0
SET lock_timeout = 0;
SET lock_timeout TO 777003
SET my.noise TO '1'
SET my.own = 'psycopg2 0'
SET my.own TO 'prepared'
SET role TO noise_role
SET row_security = off
SET row_security = off;
SET search_path TO noise_1, public
SET search_path TO pg_catalog
SET search_path TO public, pg_catalog
SET search_path TO public;
SET standard_conforming_strings = ON
SET standard_conforming_strings = on
SET standard_conforming_strings = on;
SET standard_conforming_strings TO off
SET statement_timeout = 0
SET statement_timeout = 0;
SET statement_timeout TO 777001
SET synchronize_seqscans TO off
SET work_mem = '8MB'; SET TIME ZONE 'Asia/Tokyo'
SET work_mem = '9MB'
SET work_mem TO '6MB';
SET work_mem TO '7772kB'
SET xmloption = content;
set application_name to 'laravel'
set names 'utf8'
set search_path to "public"
set search_path to "public","pg_catalog"
set time zone 'Asia/Tokyo'
set transaction isolation level serializable read write
SHOW TIME ZONE
SHOW application_name
SHOW max_identifier_length
SHOW search_path
SHOW statement_timeout
SHOW transaction_isolation
SHOW transaction_read_only
SHOW work_mem
SHOW work_mem;
show standard_conforming_strings
show transaction isolation level
show transaction_read_only
START TRANSACTION
START TRANSACTION;
start transaction isolation level serializable
TRUNCATE tools_rows;
truncate table pgbench_accounts, pgbench_branches, pgbench_history, pgbench_tellers
UNLISTEN *
unlisten "postgres_js_channel"
UPDATE "activerecord_rows" SET "who" = COALESCE("who", 0) + $1 WHERE "activerecord_rows"."id" = $2
UPDATE "django_rows" SET "who" = 201 WHERE "django_rows"."id" = 180
UPDATE "django_rows" SET "who" = 301, "name" = 'time', "at" = '2024-07-01T12:00:00+00:00'::timestamptz WHERE "django_rows"."id" = 431
UPDATE "public"."prisma_rows" SET "who" = $1 WHERE ("public"."prisma_rows"."name" = $2 AND 1=1) RETURNING "public"."prisma_rows"."id", "public"."prisma_rows"."who", "public"."prisma_rows"."name"
UPDATE "public"."prisma_rows" SET "who" = ("public"."prisma_rows"."who" + $1) WHERE "public"."prisma_rows"."who" = $2
UPDATE "typeorm_rows" SET "who" = $1 WHERE "id" = $2
UPDATE boss_test.version SET cron_on = now() WHERE EXTRACT( EPOCH FROM (now() - COALESCE(cron_on, now() - interval '1 week') ) ) > $1 RETURNING true
UPDATE pgbench_accounts SET abalance = abalance + $1 WHERE aid = $2;
UPDATE pgbench_accounts SET abalance = abalance + -857 WHERE aid = 48209;
UPDATE pgbench_accounts SET abalance = abalance + 2241 WHERE aid = 37912;
UPDATE pgbench_branches SET bbalance = bbalance + $1 WHERE bid = $2;
UPDATE pgbench_branches SET bbalance = bbalance + -857 WHERE bid = 1;
UPDATE pgbench_branches SET bbalance = bbalance + 1432 WHERE bid = 1;
UPDATE pgbench_tellers SET tbalance = tbalance + $1 WHERE tid = $2;
UPDATE pgbench_tellers SET tbalance = tbalance + -857 WHERE tid = 7;
UPDATE pgbench_tellers SET tbalance = tbalance + 1241 WHERE tid = 5;
update "drizzle_rows" set "who" = $1 where "drizzle_rows"."id" = $2
update "knex_rows" set "who" = $1 where "name" = $2
update "kysely_rows" set "who" = $1 where "id" = $2
update "laravel_rows" set "who" = "who" + 1 where "id" = $1
update "laravel_rows" set "who" = $1 where "id" = $2
vacuum analyze pgbench_accounts
vacuum analyze pgbench_branches
vacuum analyze pgbench_history
vacuum analyze pgbench_tellers
WITH RECURSIVE typeinfo_tree( oid, ns, name, kind, basetype, elemtype, elemdelim, range_subtype, attrtypoids, attrnames, depth) AS ( SELECT ti.oid, ti.ns, ti.name, ti.kind, ti.basetype, ti.elemtype, ti.elemdelim, ti.range_subtype, ti.attrtypoids, ti.attrnames, 0 FROM ( SELECT t.oid                           AS oid, ns.nspname                      AS ns, t.typname                       AS name, t.typtype                       AS kind, (CASE WHEN t.typtype = 'd' THEN (WITH RECURSIVE typebases(oid, depth) AS ( SELECT t2.typbasetype      AS oid, 0                   AS depth FROM pg_type t2 WHERE t2.oid = t.oid UNION ALL SELECT t2.typbasetype      AS oid, tb.depth + 1        AS depth FROM pg_type t2, typebases tb WHERE tb.oid = t2.oid AND t2.typbasetype != 0 ) SELECT oid FROM typebases ORDER BY depth DESC LIMIT 1) ELSE NULL END)                            AS basetype, t.typelem                       AS elemtype, elem_t.typdelim                 AS elemdelim, COALESCE( range_t.rngsubtype, multirange_t.rngsubtype)    AS range_subtype, (CASE WHEN t.typtype = 'c' THEN (SELECT array_agg(ia.atttypid ORDER BY ia.attnum) FROM pg_attribute ia INNER JOIN pg_class c ON (ia.attrelid = c.oid) WHERE ia.attnum > 0 AND NOT ia.attisdropped AND c.reltype = t.oid) ELSE NULL END)                            AS attrtypoids, (CASE WHEN t.typtype = 'c' THEN (SELECT array_agg(ia.attname::text ORDER BY ia.attnum) FROM pg_attribute ia INNER JOIN pg_class c ON (ia.attrelid = c.oid) WHERE ia.attnum > 0 AND NOT ia.attisdropped AND c.reltype = t.oid) ELSE NULL END)                            AS attrnames FROM pg_catalog.pg_type AS t INNER JOIN pg_catalog.pg_namespace ns ON ( ns.oid = t.typnamespace) LEFT JOIN pg_type elem_t ON ( t.typlen = -1 AND t.typelem != 0 AND t.typelem = elem_t.oid ) LEFT JOIN pg_range range_t ON ( t.oid = range_t.rngtypid ) LEFT JOIN pg_range multirange_t ON ( t.oid = multirange_t.rngmultitypid ) ) AS ti WHERE ti.oid = any($1::oid[]) UNION ALL SELECT ti.oid, ti.ns, ti.name, ti.kind, ti.basetype, ti.elemtype, ti.elemdelim, ti.range_subtype, ti.attrtypoids, ti.attrnames, tt.depth + 1 FROM ( SELECT t.oid                           AS oid, ns.nspname                      AS ns, t.typname                       AS name, t.typtype                       AS kind, (CASE WHEN t.typtype = 'd' THEN (WITH RECURSIVE typebases(oid, depth) AS ( SELECT t2.typbasetype      AS oid, 0                   AS depth FROM pg_type t2 WHERE t2.oid = t.oid UNION ALL SELECT t2.typbasetype      AS oid, tb.depth + 1        AS depth FROM pg_type t2, typebases tb WHERE tb.oid = t2.oid AND t2.typbasetype != 0 ) SELECT oid FROM typebases ORDER BY depth DESC LIMIT 1) ELSE NULL END)                            AS basetype, t.typelem                       AS elemtype, elem_t.typdelim                 AS elemdelim, COALESCE( range_t.rngsubtype, multirange_t.rngsubtype)    AS range_subtype, (CASE WHEN t.typtype = 'c' THEN (SELECT array_agg(ia.atttypid ORDER BY ia.attnum) FROM pg_attribute ia INNER JOIN pg_class c ON (ia.attrelid = c.oid) WHERE ia.attnum > 0 AND NOT ia.attisdropped AND c.reltype = t.oid) ELSE NULL END)                            AS attrtypoids, (CASE WHEN t.typtype = 'c' THEN (SELECT array_agg(ia.attname::text ORDER BY ia.attnum) FROM pg_attribute ia INNER JOIN pg_class c ON (ia.attrelid = c.oid) WHERE ia.attnum > 0 AND NOT ia.attisdropped AND c.reltype = t.oid) ELSE NULL END)                            AS attrnames FROM pg_catalog.pg_type AS t INNER JOIN pg_catalog.pg_namespace ns ON ( ns.oid = t.typnamespace) LEFT JOIN pg_type elem_t ON ( t.typlen = -1 AND t.typelem != 0 AND t.typelem = elem_t.oid ) LEFT JOIN pg_range range_t ON ( t.oid = range_t.rngtypid ) LEFT JOIN pg_range multirange_t ON ( t.oid = multirange_t.rngmultitypid ) ) ti, typeinfo_tree tt WHERE (tt.elemtype IS NOT NULL AND ti.oid = tt.elemtype) OR (tt.attrtypoids IS NOT NULL AND ti.oid = any(tt.attrtypoids)) OR (tt.range_subtype IS NOT NULL AND ti.oid = tt.range_subtype) OR (tt.basetype IS NOT NULL AND ti.oid = tt.basetype) ) SELECT DISTINCT *, basetype::regtype::text AS basetype_name, elemtype::regtype::text AS elemtype_name, range_subtype::regtype::text AS range_subtype_name FROM typeinfo_tree ORDER BY depth DESC
WITH RECURSIVE w AS ( SELECT d1.objid, d2.refobjid, c2.relkind AS refrelkind FROM pg_depend d1 JOIN pg_class c1 ON c1.oid = d1.objid AND c1.relkind = 'm' JOIN pg_rewrite r1 ON r1.ev_class = d1.objid JOIN pg_depend d2 ON d2.classid = 'pg_rewrite'::regclass AND d2.objid = r1.oid AND d2.refobjid <> d1.objid JOIN pg_class c2 ON c2.oid = d2.refobjid AND c2.relkind IN ('m','v') WHERE d1.classid = 'pg_class'::regclass UNION SELECT w.objid, d3.refobjid, c3.relkind FROM w JOIN pg_rewrite r3 ON r3.ev_class = w.refobjid JOIN pg_depend d3 ON d3.classid = 'pg_rewrite'::regclass AND d3.objid = r3.oid AND d3.refobjid <> w.refobjid JOIN pg_class c3 ON c3.oid = d3.refobjid AND c3.relkind IN ('m','v') ) SELECT 'pg_class'::regclass::oid AS classid, objid, refobjid FROM w WHERE refrelkind = 'm'
WITH deleted_jobs AS ( DELETE FROM boss_test.job WHERE name = $1 AND id IN (SELECT UNNEST($2::uuid[])) AND state < 'completed' RETURNING * ), retried_jobs AS ( INSERT INTO boss_test.job ( id, name, priority, data, state, retry_limit, retry_count, retry_delay, retry_backoff, start_after, started_on, singleton_key, singleton_on, expire_in, created_on, completed_on, keep_until, dead_letter, policy, output ) SELECT id, name, priority, data, CASE WHEN retry_count < retry_limit THEN 'retry'::boss_test.job_state ELSE 'failed'::boss_test.job_state END as state, retry_limit, retry_count, retry_delay, retry_backoff, CASE WHEN retry_count = retry_limit THEN start_after WHEN NOT retry_backoff THEN now() + retry_delay * interval '1' ELSE now() + ( retry_delay * 2 ^ LEAST(16, retry_count + 1) / 2 + retry_delay * 2 ^ LEAST(16, retry_count + 1) / 2 * random() ) * interval '1' END as start_after, started_on, singleton_key, singleton_on, expire_in, created_on, CASE WHEN retry_count < retry_limit THEN NULL ELSE now() END as completed_on, keep_until, dead_letter, policy, $3::jsonb FROM deleted_jobs ON CONFLICT DO NOTHING RETURNING * ), failed_jobs as ( INSERT INTO boss_test.job ( id, name, priority, data, state, retry_limit, retry_count, retry_delay, retry_backoff, start_after, started_on, singleton_key, singleton_on, expire_in, created_on, completed_on, keep_until, dead_letter, policy, output ) SELECT id, name, priority, data, 'failed'::boss_test.job_state as state, retry_limit, retry_count, retry_delay, retry_backoff, start_after, started_on, singleton_key, singleton_on, expire_in, created_on, now() as completed_on, keep_until, dead_letter, policy, $3::jsonb FROM deleted_jobs WHERE id NOT IN (SELECT id from retried_jobs) RETURNING * ), results as ( SELECT * FROM retried_jobs UNION ALL SELECT * FROM failed_jobs ), dlq_jobs as ( INSERT INTO boss_test.job (name, data, output, retry_limit, keep_until) SELECT dead_letter, data, output, retry_limit, keep_until + (keep_until - start_after) FROM results WHERE state = 'failed' AND dead_letter IS NOT NULL AND NOT name = dead_letter ) SELECT COUNT(*) FROM results
WITH ranges AS (  SELECT pg_range.rngtypid, pg_type.typname AS rngtypname,         pg_type.typarray AS rngtyparray, pg_range.rngsubtype    FROM pg_range LEFT OUTER JOIN pg_type ON pg_type.oid = pg_range.rngtypid)SELECT pg_type.typname, pg_type.typtype, pg_type.oid, pg_type.typarray,       ranges.rngtypname, ranges.rngtypid, ranges.rngtyparray  FROM pg_type LEFT OUTER JOIN ranges ON pg_type.oid = ranges.rngsubtype WHERE (pg_type.typtype IN('b', 'e'));
WITH results AS ( UPDATE boss_test.job SET completed_on = now(), state = 'completed', output = $3::jsonb WHERE name = $1 AND id IN (SELECT UNNEST($2::uuid[])) AND state = 'active' RETURNING * ) SELECT COUNT(*) FROM results
SELECT c.relname, a.attname, pg_get_expr(d.adbin, d.adrelid), format_type(a.atttypid, a.atttypmod), col_description(c.oid, a.attnum) FROM pg_attribute a JOIN pg_class c ON a.attrelid = c.oid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid WHERE pg_table_is_visible(c.oid) AND c.oid = 'pg_class'::regclass
SELECT db.oid AS did, db.datname, pg_encoding_to_char(db.encoding), pg_get_userbyid(datdba), has_database_privilege(db.oid, 'CREATE'), datconnlimit, shobj_description(db.oid, 'pg_database') FROM pg_database db LEFT OUTER JOIN pg_tablespace ta ON db.dattablespace = ta.oid WHERE db.datallowconn ORDER BY datname
SELECT rel.oid, pg_size_pretty(rel.reltuples::bigint), obj_description(rel.oid, 'pg_class') FROM pg_class rel
SELECT con.conname, pg_get_constraintdef(con.oid, true), pg_get_indexdef(con.conindid) FROM pg_constraint con
SELECT p.proname, pg_get_function_result(p.oid), pg_get_function_identity_arguments(p.oid), pg_get_functiondef(p.oid), p.prosrc FROM pg_proc p
SELECT pg_get_viewdef(c.oid, true), pg_get_ruledef(r.oid), pg_get_triggerdef(t.oid) FROM pg_class c, pg_rewrite r, pg_trigger t
SELECT oid, nspname, has_schema_privilege(oid, 'USAGE'), nspname = ANY (current_schemas(true)), oid = pg_my_temp_schema() FROM pg_namespace
SELECT pg_get_serial_sequence('pg_class', 'oid'), quote_ident('x'), current_schema(), current_database(), version(), session_user
SELECT result.table_cat, (information_schema._pg_expandarray(i.indkey)).n FROM pg_index i, (SELECT current_database() AS table_cat) result
SELECT nspname, t.oid, typname, (SELECT count(*) FROM unnest(array[1]) WITH ORDINALITY AS u(a, b)) FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE NOT EXISTS (SELECT 1 FROM pg_class c WHERE c.oid = t.typrelid)
SELECT setting FROM pg_settings WHERE name = 'max_index_keys'
SELECT name, abbrev FROM pg_timezone_names
SELECT * FROM pg_get_keywords() WHERE catcode NOT IN ('U')
SELECT string_agg(word, ',') FROM pg_catalog.pg_get_keywords() WHERE word <> ALL ('{a,abs}'::text[])
SELECT extname, extversion FROM pg_extension
SELECT * FROM pg_available_extensions
SELECT rolname, rolsuper FROM pg_roles WHERE rolname = current_user
SELECT pg_tablespace_location(oid), spcname FROM pg_tablespace
SELECT tc.constraint_name, kcu.column_name FROM information_schema.table_constraints tc JOIN information_schema.key_column_usage kcu USING (constraint_name)
SELECT * FROM information_schema.columns WHERE table_schema = ANY (current_schemas(false))
SELECT seqstart, seqincrement, pg_sequence_parameters(seqrelid) FROM pg_sequence
SELECT schemaname, sequencename, last_value FROM pg_sequences
SELECT a.attname FROM (SELECT indrelid, indkey, generate_subscripts(indkey, 1) idx FROM pg_index) i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[i.idx]
SELECT 1 FROM pg_database WHERE datname = 'x'
SELECT current_setting('server_version_num')::int, current_setting('search_path'), current_setting('is_superuser')
SELECT datlastsysoid FROM pg_database
SELECT pg_catalog.array_to_string(ARRAY(SELECT pg_catalog.unnest(c.reloptions)), ', '), c.relacl::text, aclexplode(c.relacl) FROM pg_class c
SELECT to_regclass('pg_catalog.pg_class'), to_regtype('x'), 'pg_class'::regclass::oid, 'int'::regtype
SHOW server_version
SHOW max_identifier_length
SHOW standard_conforming_strings
SHOW transaction isolation level
SELECT inhparent::regclass, pg_get_expr(c.relpartbound, c.oid), pg_get_partkeydef(c.oid) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
SELECT t.typname, e.enumlabel FROM pg_type t JOIN pg_enum e ON t.oid = e.enumtypid ORDER BY e.enumsortorder
SELECT * FROM pg_indexes WHERE tablename = 't'
SELECT l.lanname, pg_get_statisticsobjdef(s.oid) FROM pg_language l, pg_statistic_ext s
SELECT pg_collation_for('a'), collname FROM pg_collation WHERE pg_collation_is_visible(oid)
SELECT gss_authenticated, encrypted FROM pg_stat_gssapi WHERE pid = pg_backend_pid()
SELECT roles.oid as id, roles.rolname as name, pg_is_in_recovery() FROM pg_roles roles
SELECT age(datfrozenxid), mxid_age(datminmxid) FROM pg_database
SELECT has_table_privilege('pg_class', 'SELECT'), has_column_privilege('pg_class', 'oid', 'INSERT'), pg_has_role('pg_monitor', 'MEMBER')
