FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY . .
RUN npm ci && npm prune --omit=dev --ignore-scripts

FROM node:24-bookworm-slim
# qemu-img converts images in formats that ECS does not support.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates qemu-utils && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /app /app
# A new named volume gets the owner of this directory.
RUN mkdir /data && chown node:node /data
USER node
ENTRYPOINT ["node", "/app/dist/cli/main.js"]
