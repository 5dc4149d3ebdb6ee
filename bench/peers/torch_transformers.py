"""Transformers in PyTorch: one product for query, key and value, `scaled_dot_product_attention`, keys and values kept."""

import torch
from common import PATCH, PROMPT, TOKENS, Called, attention_inputs, transformer_matrices
from torch import nn
from torch.nn.functional import relu, scaled_dot_product_attention


def linear(matrix):
    layer = nn.utils.skip_init(nn.Linear, *matrix.shape)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(matrix.T.copy()))
        layer.bias.zero_()
    return layer


class Block(nn.Module):
    def __init__(self, matrices, heads, causal):
        super().__init__()
        query, key, value, output, up, down = map(linear, matrices)
        width = matrices[0].shape[0]
        self.heads, self.causal = heads, causal
        self.into = nn.utils.skip_init(nn.Linear, width, 3 * width)
        with torch.no_grad():
            self.into.weight.copy_(torch.cat([query.weight, key.weight, value.weight]))
            self.into.bias.zero_()
        self.output, self.up, self.down = output, up, down
        self.first, self.second = nn.LayerNorm(width, eps=1e-5), nn.LayerNorm(width, eps=1e-5)

    def forward(self, x, kept=None, at=0):
        batch, steps, width = x.shape
        parts = self.into(self.first(x)).view(batch, steps, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        query, key, value = parts.unbind(0)
        if kept is not None:
            kept[0][:, :, at : at + steps], kept[1][:, :, at : at + steps] = key, value
            key, value = kept[0][:, :, : at + steps], kept[1][:, :, : at + steps]
        y = scaled_dot_product_attention(query, key, value, is_causal=self.causal and steps > 1)
        x = x + self.output(y.transpose(1, 2).reshape(batch, steps, width))
        return x + self.down(relu(self.up(self.second(x))))


class Transformer(nn.Module):
    """Logits (batch · steps, classes); of pictures (batch, classes)."""

    def __init__(self, workload):
        super().__init__()
        self.how = workload["transformer"]
        tokens, places, blocks, head = transformer_matrices(workload)
        if self.how["kind"] == "vit":
            self.patches = nn.Conv2d(3, tokens.shape[1], PATCH, PATCH)
            with torch.no_grad():
                kernel = torch.from_numpy(tokens).view(PATCH, PATCH, 3, -1)
                self.patches.weight.copy_(kernel.permute(3, 2, 0, 1))
                self.patches.bias.zero_()
        else:
            self.tokens = nn.Embedding.from_pretrained(torch.from_numpy(tokens), freeze=False)
        self.places = nn.Parameter(torch.from_numpy(places))
        causal = self.how["kind"] == "gpt"
        self.blocks = nn.ModuleList(Block(matrices, self.how["heads"], causal) for matrices in blocks)
        self.head = linear(head)

    def forward(self, x):
        picture = self.how["kind"] == "vit"
        h = self.patches(x.permute(0, 3, 1, 2)).flatten(2).transpose(1, 2) if picture else self.tokens(x)
        h = h + self.places
        for block in self.blocks:
            h = block(h)
        return self.head(h.mean(1)) if picture else self.head(h).flatten(0, 1)

    def after(self, ids, kept, at):
        """The likeliest token after `ids`, which stand from place `at` on."""
        h = self.tokens(ids) + self.places[at : at + ids.shape[1]]
        for block, own in zip(self.blocks, kept):
            h = block(h, own, at)
        return self.head(h[:, -1]).argmax(-1, keepdim=True)


class Generation(Called):
    def __init__(self, workload):
        self.model = Transformer(workload).eval()
        how, width = workload["transformer"], workload["layers"][1]
        shape = (1, how["heads"], how["steps"], width // how["heads"])
        self.kept = [(torch.zeros(shape), torch.zeros(shape)) for _ in range(how["blocks"])]

    @torch.inference_mode()
    def run(self, tokens=TOKENS):
        ids, at, said = torch.arange(PROMPT)[None], 0, []
        for _ in range(tokens):
            token = self.model.after(ids, self.kept, at)
            at, ids = at + ids.shape[1], token
            said.append(token.item())
        return said

    def agree(self, epochs):
        return [token + 1 for token in self.run(40)]


class Attention(Called):
    def __init__(self, workload):
        given = [torch.from_numpy(x).transpose(1, 2).contiguous() for x in attention_inputs(workload)]
        self.given = [x.requires_grad_() for x in given]

    def run(self):
        loss = scaled_dot_product_attention(*self.given).square().mean()
        return loss, *torch.autograd.grad(loss, self.given)

    def agree(self, epochs):
        loss, *slopes = self.run()
        return [loss.item(), *[slope.abs().sum().item() for slope in slopes]]
