# The npm scripts under the names that make users expect. package.json says what each of them runs.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: all deps fmt lint vet test cover build docker-build docker-run docker-down \
	encrypt-requirements decrypt-requirements help

# `docker compose` if Docker has this plugin, and otherwise the older `docker-compose`.
COMPOSE = $(if $(shell docker compose version 2>/dev/null),docker compose,docker-compose)

all: deps fmt lint vet test build ## Install, format, check, test and compile
deps: ## Install the packages of package-lock.json
	npm ci
fmt: ## Format the code
	npm run format
lint: ## Look for mistakes in the code
	npm run lint
vet: ## Check the types and the contract
	npm run typecheck
	npm run lint:contract
test: ## Run the tests
	npm test
cover: ## Run the tests and report which lines they reach
	npm run coverage
build: ## Compile to dist/
	npm run build
docker-build: ## Build the image
	npm run docker:build
docker-run: ## Start the service and its database in containers
	COMPOSE='$(COMPOSE)' npm run docker:up -- $(if $(filter docker-compose,$(COMPOSE)),,--wait)
docker-down: ## Remove the containers AND their data
	COMPOSE='$(COMPOSE)' npm run docker:down -- --volumes
encrypt-requirements: ## Encrypt .env to secrets/NAME.enc.env (NAME=production)
	npm run secrets:encrypt -- $(NAME)
decrypt-requirements: ## Decrypt secrets/NAME.enc.env to .env (NAME=production)
	npm run secrets:decrypt -- $(NAME)
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-22s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
