# The steps of .ci/run by name, for a desk. They are written down there and only there.

# lists the recipes
default:
    @just --list

# all that a change has to pass, in order
ci:
    .ci/run

# installs the Debian packages that the tests need
packages:
    .ci/run packages

# formats the code; CI only checks
format:
    cargo fmt

# clippy on everything, warnings are errors
lint:
    .ci/run format lint

# the documentation of the code, with private items
documents:
    .ci/run documents

# the tests that need nothing but the toolchain
test:
    .ci/run tests

# the same tests with cargo-nextest, where it is installed
nextest:
    cargo nextest run --locked --profile ci

# the binary that is shipped, and the shipped configuration and units checked with it
release:
    .ci/run release configuration units

# the tests against Postfix and Kannel, with the binary that is shipped
servers:
    .ci/run release servers

# licences, sources and known faults of the dependencies, where cargo-deny is installed
deny:
    cargo deny --locked check
