-- Nullable without exception, so that the Go version can still insert its own rows. Times are nanoseconds.
-- No index is made here: that reads the whole table, and years of rows shall not hold up a start. See `schema::INDICES`.
ALTER TABLE records ADD COLUMN exchange_id text;
ALTER TABLE records ADD COLUMN request_id text;
ALTER TABLE records ADD COLUMN method text;
ALTER TABLE records ADD COLUMN path text;
ALTER TABLE records ADD COLUMN upstream text;
ALTER TABLE records ADD COLUMN outcome text;
ALTER TABLE records ADD COLUMN error text;
ALTER TABLE records ADD COLUMN attempts text;
ALTER TABLE records ADD COLUMN stream boolean;
ALTER TABLE records ADD COLUMN prompt_tokens integer;
ALTER TABLE records ADD COLUMN completion_tokens integer;
ALTER TABLE records ADD COLUMN bytes_in integer;
ALTER TABLE records ADD COLUMN bytes_out integer;
ALTER TABLE records ADD COLUMN first_byte_time integer;
ALTER TABLE records ADD COLUMN truncated boolean;
