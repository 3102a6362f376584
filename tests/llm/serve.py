"""Serves one model file with llama.cpp's HTTP server on a free port of 127.0.0.1, until it is killed.

    serve.py MODEL.gguf NAME
"""

import signal
import sys

import xllamacpp


def parameters(path, name):
    params = xllamacpp.CommonParams()
    params.model.path = path
    params.model_alias = [name]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = 4096
    params.n_parallel = 4
    params.cpuparams.n_threads = 2
    return params


def main():
    server = xllamacpp.Server(parameters(*sys.argv[1:]))
    print("listening on", server.listening_address.removeprefix("http://"), flush=True)
    signal.pause()


main()
