-- The table as the Go version's ORM creates it, for those who start without one. Its own database keeps its table.
CREATE TABLE IF NOT EXISTS records (
    id bigserial PRIMARY KEY,
    hostname text,
    upstream_endpoint text,
    upstream_sk text,
    created_at timestamptz,
    ip text,
    body text,
    model text,
    response text,
    response_time bigint,
    elapsed_time bigint,
    status bigint,
    "authorization" text,
    user_agent text,
    headers text
);
