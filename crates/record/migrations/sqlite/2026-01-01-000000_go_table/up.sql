-- The table as the Go version's ORM creates it, for those who start without one. Its own database keeps its table.
CREATE TABLE IF NOT EXISTS records (
    id integer PRIMARY KEY AUTOINCREMENT,
    hostname text,
    upstream_endpoint text,
    upstream_sk text,
    created_at datetime,
    ip text,
    body text,
    model text,
    response text,
    response_time integer,
    elapsed_time integer,
    status integer,
    authorization text,
    user_agent text,
    headers text
);
