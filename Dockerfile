FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY . .
RUN npm ci && npm prune --omit=dev --ignore-scripts

FROM node:24-bookworm-slim
# qemu-img converts images in formats that ECS does not support; xz and zstd decompress them (gzip is part of the base image).
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates qemu-utils xz-utils zstd && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /app /app
# A new named volume gets the owner of this directory.
RUN mkdir /data && chown node:node /data
USER node
ENTRYPOINT ["node", "/app/dist/cli/main.js"]
