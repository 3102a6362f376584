FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
# ring and SQLite are compiled from C.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
COPY . .
# The image's toolchain is the pinned one; without the file, rustup does not go looking for its components.
RUN rm rust-toolchain.toml && cargo build --locked --release --package openai-api-route

FROM debian:bookworm-slim
# The authorities that upstreams' certificates are checked against.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 65532 --no-create-home --shell /usr/sbin/nologin gateway \
    && install --directory --owner gateway --group gateway /data
COPY --from=build /src/target/release/openai-api-route /usr/local/bin/openai-api-route
COPY --from=build /src/LICENSE-APACHE /src/LICENSE-MIT /usr/local/share/doc/openai-api-route/
# Threads that share the allocator's arenas give back what a burst of large requests took.
ENV MALLOC_ARENA_MAX=2
USER 65532:65532
# A relative `dbaddr`, as ./db.sqlite, ends up here: mount a volume to keep the records.
WORKDIR /data
VOLUME /data
EXPOSE 8888
ENTRYPOINT ["openai-api-route"]
CMD ["--config", "/config.yaml"]
