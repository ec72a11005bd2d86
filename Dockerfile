# Builds with everything, runs with what the gateway needs. PostgreSQL is not in the image: set DATABASE_URL.
# The base is pinned to a version. To pin it to its very bytes, append what this prints as @sha256:…:
#   docker buildx imagetools inspect node:24.11.1-bookworm-slim --format '{{.Manifest.Digest}}'
ARG BASE=node:24.11.1-bookworm-slim
FROM ${BASE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=optional --ignore-scripts
COPY . .
RUN npm run build

FROM ${BASE}
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/data
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts && npm cache clean --force && install -d -o node -g node /data
COPY --from=build /app/dist ./dist
RUN ln -s /app/dist/apps/cli/main.js /usr/local/bin/handover
USER node
VOLUME /data
EXPOSE 3000
# Alive, and not ready: a gateway whose database is away waits for it, and restarting it would not help.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/health/live').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/apps/gateway/main.js"]
