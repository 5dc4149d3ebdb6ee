"""PyTorch in its best eager form: fused Adam, denormals flushed, batches sliced once, no loader.

Adam's epsilon and the momentum of batch normalization are Keras's.
"""

import math
import sys

import torch
from common import Characters, Prediction, character_table, data, kernel, last_kernel, recurrent_kernels, repeat, serve
from torch import nn
from torch_pictures import Pictures
from torch_transformers import Attention, Generation, Transformer

torch.set_num_threads(int(sys.argv[1]))
torch.set_flush_denormal(True)
torch.manual_seed(1)


class Recurrent(nn.Module):
    """Recurrent layers, and a dense one that reads what the last of them ends with; of characters each of their steps."""

    def __init__(self, workload):
        super().__init__()
        self.table = None
        if workload["recurrent"].get("characters"):
            self.table = nn.Embedding.from_pretrained(torch.from_numpy(character_table(workload)), freeze=False)
        sizes, self.cell = workload["layers"], workload["recurrent"]["cell"]
        both = bool(workload["recurrent"].get("bidirectional"))
        of = nn.LSTM if self.cell == "lstm" else nn.GRU
        # One module takes all layers at once where they are alike.
        self.layers = of(sizes[0], sizes[1], len(sizes) - 2, batch_first=True, bidirectional=both)
        self.last = nn.Linear(sizes[-2] * (2 if both else 1), sizes[-1])
        with torch.no_grad():
            self.last.weight.copy_(torch.from_numpy(last_kernel(workload).T))
            self.last.bias.zero_()
            for index in range(len(sizes) - 2):
                for suffix, matrices in zip(("", "_reverse"), recurrent_kernels(workload, index)):
                    self.fill(f"l{index}{suffix}", *matrices)

    def fill(self, name, kernel, recurrent):
        for kind, matrix in (("ih", kernel), ("hh", recurrent)):
            gates = torch.from_numpy(matrix.T.copy()).chunk(4 if self.cell == "lstm" else 3)
            order = gates if self.cell == "lstm" else (gates[1], gates[0], gates[2])
            getattr(self.layers, f"weight_{kind}_{name}").copy_(torch.cat(list(order)))
            getattr(self.layers, f"bias_{kind}_{name}").zero_()
        if self.cell == "lstm":
            # Keras's has one bias.
            getattr(self.layers, f"bias_hh_{name}").requires_grad_(False)

    def forward(self, x):
        if self.table is not None:
            return self.last(self.layers(self.table(x))[0]).flatten(0, 1)
        _, ends = self.layers(x)
        h = ends[0] if self.cell == "lstm" else ends
        directions = 2 if self.layers.bidirectional else 1
        return self.last(torch.cat(list(h[-directions:]), dim=-1))


def network(workload):
    if "recurrent" in workload:
        return Recurrent(workload)
    if "transformer" in workload:
        return Transformer(workload)
    if "pictures" in workload:
        return Pictures(workload)
    act = nn.ReLU if workload["activation"] == "relu" else nn.Sigmoid
    layers, sizes = [], workload["layers"]
    for index, (fan_in, fan_out) in enumerate(zip(sizes, sizes[1:])):
        dense = nn.utils.skip_init(nn.Linear, fan_in, fan_out)
        with torch.no_grad():
            dense.weight.copy_(torch.from_numpy(kernel(workload, index).T))
            dense.bias.zero_()
        layers.append(dense)
        if index == len(sizes) - 2:
            break
        if workload.get("batchNorm"):
            layers.append(nn.BatchNorm1d(fan_out, eps=1e-3, momentum=0.01))
        layers.append(act())
        if workload.get("dropout"):
            layers.append(nn.Dropout(workload["dropout"]))
    return nn.Sequential(*layers)


class Training:
    def __init__(self, workload):
        self.model = network(workload)
        self.medium = workload.get("precision") == "medium"
        self.loss = nn.MSELoss() if workload["loss"] == "meanSquaredError" else nn.CrossEntropyLoss()
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3, eps=1e-7, fused=True)
        x, y = map(torch.from_numpy, data(workload))
        x = self.model.ready(x) if "pictures" in workload else x
        self.batches = list(zip(x.split(workload["batch"]), y.split(workload["batch"])))
        self.next = 0

    def step(self):
        x, y = self.batches[self.next]
        self.next = (self.next + 1) % len(self.batches)
        self.optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.medium):
            loss = self.loss(self.model(x), y if y.is_floating_point() or y.dim() == 3 else y.flatten())
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def agree(self, epochs):
        count = len(self.batches)

        def loss(step):
            # Keras adds epsilon before the correction of the second moment, PyTorch after it.
            self.optimizer.param_groups[0]["eps"] = 1e-7 / math.sqrt(1 - 0.999**step)
            return self.step().item()

        first = range(1, epochs * count + 1, count)
        return [sum(loss(step) for step in range(start, start + count)) / count for start in first]

    def chunk(self, seconds, least):
        def run():
            self.step()
            return 1

        return {"microseconds": repeat(run, seconds, least)}


class TorchPrediction(Prediction):
    def __init__(self, workload):
        super().__init__(workload)
        made = network(workload)
        picture = "pictures" in workload
        self.ready = made.ready if picture else lambda x: x
        self.model = nn.Sequential(*([made] if picture else made), nn.Softmax(dim=-1)).eval()

    @torch.inference_mode()
    def predict(self, x):
        return self.model(self.ready(torch.from_numpy(x))).numpy()


class TorchCharacters(Characters):
    def __init__(self, workload):
        self.model = Recurrent(workload).eval()
        self.zeros = torch.zeros(1, 1, workload["layers"][1])

    @torch.inference_mode()
    def run(self, count):
        token, states, said = torch.zeros(1, 1, dtype=torch.long), (self.zeros, self.zeros), []
        for _ in range(count):
            output, states = self.model.layers(self.model.table(token), states)
            token = self.model.last(output[:, -1]).argmax(-1, keepdim=True)
            said.append(token.item())
        return said


TASKS = {
    "train": Training,
    "predict": TorchPrediction,
    "attention": Attention,
    "generate": Generation,
    "characters": TorchCharacters,
}
serve(f"PyTorch {torch.__version__}", lambda workload: TASKS[workload["task"]](workload))
