-- Nullable without exception, so that the Go version can still insert its own rows. Times are nanoseconds.
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

CREATE INDEX IF NOT EXISTS records_created_at ON records (created_at);
CREATE INDEX IF NOT EXISTS records_request_id ON records (request_id);
-- A batch whose commit was never confirmed is written again; this is what keeps it from being there twice.
CREATE UNIQUE INDEX IF NOT EXISTS records_exchange_id ON records (exchange_id);
