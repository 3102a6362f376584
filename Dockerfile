# Dependencies are built in a layer of their own, which stays as long as Cargo.lock does.
# `make image-check` does what stands here by hand, where there is no engine.
ARG RUST=1.95

FROM rust:${RUST}-slim-bookworm AS tools
WORKDIR /src
# The C compiler that ring and SQLite need is in the image.
RUN cargo install --locked cargo-chef@0.1.78

# What is to be built before our own code: a list that changes when a manifest does.
FROM tools AS plan
COPY . .
# The image's toolchain is the pinned one; without the file, rustup does not go looking for its components.
RUN rm rust-toolchain.toml && cargo chef prepare --recipe-path /src/recipe.json

FROM tools AS build
COPY --from=plan /src/recipe.json /src/recipe.json
RUN cargo chef cook --locked --release --package openai-api-route --recipe-path /src/recipe.json
COPY . .
RUN rm rust-toolchain.toml && cargo build --locked --release --package openai-api-route
# There is no shell below to make a folder with.
RUN install --directory /src/empty

# The C library, the authorities that upstreams' certificates are checked against, and the user `nonroot`, 65532.
FROM gcr.io/distroless/cc-debian12:nonroot
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="openai-api-route" \
      org.opencontainers.image.description="A self-hosted gateway in front of OpenAI-style APIs: the first upstream that works answers" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.source="https://github.com/heimoshuiyu/openai-api-route" \
      org.opencontainers.image.documentation="https://github.com/heimoshuiyu/openai-api-route/blob/main/docs/deployment.md" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /src/target/release/openai-api-route /usr/local/bin/openai-api-route
COPY --from=build /src/LICENSE-APACHE /src/LICENSE-MIT /usr/local/share/doc/openai-api-route/
COPY --from=build --chown=65532:65532 /src/empty /data
# Threads that share the allocator's arenas give back what a burst of large requests took.
ENV MALLOC_ARENA_MAX=2
USER 65532:65532
# A relative `dbaddr`, as ./db.sqlite, ends up here: mount a volume to keep the records.
WORKDIR /data
VOLUME /data
EXPOSE 8888
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["/usr/local/bin/openai-api-route", "--config", "/config.yaml", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/openai-api-route"]
CMD ["--config", "/config.yaml"]
