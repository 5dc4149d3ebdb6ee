"""Transformers in JAX: `jax.nn.dot_product_attention`; keys and values of a generation are kept in donated buffers."""

from functools import partial

from common import PATCH, PROMPT, SIDE, TOKENS, Called, attention_inputs, transformer_matrices

import jax
import jax.numpy as jnp
import numpy as np


def dense(matrix):
    return {"w": jnp.asarray(matrix), "b": jnp.zeros(matrix.shape[1])}


def parameters(workload):
    tokens, places, blocks, head = transformer_matrices(workload)
    width = places.shape[1]
    norm = lambda: {"gamma": jnp.ones(width), "beta": jnp.zeros(width)}
    made = [
        {
            "into": dense(np.concatenate(block[:3], axis=1)),
            "output": dense(block[3]),
            "up": dense(block[4]),
            "down": dense(block[5]),
            "first": norm(),
            "second": norm(),
        }
        for block in blocks
    ]
    params = {"tokens": jnp.asarray(tokens), "places": jnp.asarray(places), "blocks": made, "head": dense(head)}
    return params | ({"patch_bias": jnp.zeros(width)} if workload["transformer"]["kind"] == "vit" else {})


def affine(layer, x):
    return x @ layer["w"] + layer["b"]


def normalized(norm, x):
    mean = x.mean(-1, keepdims=True)
    centred = x - mean
    return centred * jax.lax.rsqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * norm["gamma"] + norm["beta"]


def block_of(params, x, heads, attend):
    batch, steps, width = x.shape
    parts = affine(params["into"], normalized(params["first"], x)).reshape(batch, steps, 3, heads, -1)
    y, kept = attend(*(parts[:, :, i] for i in range(3)))
    x = x + affine(params["output"], y.reshape(batch, steps, width))
    return x + affine(params["down"], jax.nn.relu(affine(params["up"], normalized(params["second"], x)))), kept


def forward(workload, params, x):
    """Logits (batch · steps, classes); of pictures (batch, classes)."""
    how = workload["transformer"]
    attend = lambda q, k, v: (jax.nn.dot_product_attention(q, k, v, is_causal=how["kind"] == "gpt"), None)
    if how["kind"] == "vit":
        count = SIDE // PATCH
        cut = x.reshape(-1, count, PATCH, count, PATCH, 3).transpose(0, 1, 3, 2, 4, 5)
        h = cut.reshape(-1, count * count, PATCH * PATCH * 3) @ params["tokens"] + params["patch_bias"]
    else:
        h = params["tokens"][x]
    h = h + params["places"]
    for block in params["blocks"]:
        h, _ = block_of(block, h, how["heads"], attend)
    return affine(params["head"], h.mean(1) if how["kind"] == "vit" else h.reshape(-1, h.shape[-1]))


class Generation(Called):
    def __init__(self, workload):
        self.params, how = parameters(workload), workload["transformer"]
        shape = (1, how["steps"], how["heads"], workload["layers"][1] // how["heads"])
        self.empty = lambda: [(jnp.zeros(shape), jnp.zeros(shape)) for _ in range(how["blocks"])]
        self.step = jax.jit(partial(self.after, how), donate_argnums=1)

    @staticmethod
    def after(how, params, kept, token, at):
        """The likeliest token after one at a place, and what is kept."""
        h, now = params["tokens"][token][:, None] + params["places"][at], []

        def attend(own, q, k, v):
            keys, values = (jax.lax.dynamic_update_slice(old, new, (0, at, 0, 0)) for old, new in zip(own, (k, v)))
            lengths = jnp.full((1,), at + 1)
            return jax.nn.dot_product_attention(q, keys, values, key_value_seq_lengths=lengths), (keys, values)

        for block, own in zip(params["blocks"], kept):
            h, both = block_of(block, h, how["heads"], partial(attend, own))
            now.append(both)
        return affine(params["head"], h[:, 0]).argmax(-1), now

    def run(self, tokens=TOKENS):
        kept, said = self.empty(), []
        for at in range(PROMPT + tokens - 1):
            token = jnp.full((1,), at) if at < PROMPT else token
            token, kept = self.step(self.params, kept, token, at)
            if at >= PROMPT - 1:
                said.append(int(token[0]))
        return said

    def agree(self, epochs):
        return [token + 1 for token in self.run(40)]


class Attention(Called):
    def __init__(self, workload):
        self.given = [jnp.asarray(x) for x in attention_inputs(workload)]
        loss = lambda given: jnp.mean(jax.nn.dot_product_attention(*given) ** 2)
        self.step = jax.jit(jax.value_and_grad(loss))

    def run(self):
        return jax.block_until_ready(self.step(self.given))

    def agree(self, epochs):
        loss, slopes = self.run()
        return [float(loss), *[float(jnp.abs(slope).sum()) for slope in slopes]]
