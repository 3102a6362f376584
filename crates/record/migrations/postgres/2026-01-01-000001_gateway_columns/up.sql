-- Nullable without exception, so that the Go version can still insert its own rows. Times are nanoseconds.
-- No index is made here: that reads the whole table, and years of rows shall not hold up a start. See `schema::INDICES`.
ALTER TABLE records
    ADD COLUMN IF NOT EXISTS exchange_id text,
    ADD COLUMN IF NOT EXISTS request_id text,
    ADD COLUMN IF NOT EXISTS method text,
    ADD COLUMN IF NOT EXISTS path text,
    ADD COLUMN IF NOT EXISTS upstream text,
    ADD COLUMN IF NOT EXISTS outcome text,
    ADD COLUMN IF NOT EXISTS error text,
    ADD COLUMN IF NOT EXISTS attempts text,
    ADD COLUMN IF NOT EXISTS stream boolean,
    ADD COLUMN IF NOT EXISTS prompt_tokens bigint,
    ADD COLUMN IF NOT EXISTS completion_tokens bigint,
    ADD COLUMN IF NOT EXISTS bytes_in bigint,
    ADD COLUMN IF NOT EXISTS bytes_out bigint,
    ADD COLUMN IF NOT EXISTS first_byte_time bigint,
    ADD COLUMN IF NOT EXISTS truncated boolean;
