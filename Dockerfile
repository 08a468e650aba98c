FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Optional packages, too: esbuild, which makes the console, has its program in one.
RUN npm ci
COPY tsconfig.json tsconfig.build.json openapi.yaml ./
COPY generated generated
COPY db db
COPY src src
RUN npm run build

FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Of the workspaces, npm installs nothing: their folders are not here.
# The image needs no development tools, and no embedded PostgreSQL because DATABASE_URL names its database.
RUN npm ci --omit=dev --omit=optional && npm cache clean --force

FROM node:24-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY db/migrations db/migrations
COPY src/web/static src/web/static
COPY openapi.yaml package.json ./
USER node
EXPOSE 3000
HEALTHCHECK --interval=5s --timeout=4s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Node.js runs as process 1, so that it receives the signals.
CMD ["node", "dist/src/server.js"]
