"""State dicts of real PyTorch, and sharded weights of real Keras; with `check DIR`, both read what ferrograd wrote.

    KERAS_BACKEND=torch python tools/oracle/exchange.py                    # → __test__/fixtures/exchange
    npx tsx tools/oracle/ours-exchange.ts DIR                              # the same models, written by ferrograd
    KERAS_BACKEND=torch python tools/oracle/exchange.py check DIR
"""

import json
import sys
from pathlib import Path

import keras
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn

FOLDER = Path(__file__).resolve().parents[2] / "__test__" / "fixtures" / "exchange"
IDS = np.arange(15).reshape(5, 3) % 7


class Words(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(7, 4)
        self.norm = nn.LayerNorm(4, eps=1e-3)
        self.hidden = nn.Linear(12, 6)
        self.batch = nn.BatchNorm1d(6, eps=1e-3)
        self.groups = nn.GroupNorm(2, 6, eps=1e-3)
        self.head = nn.Linear(6, 2)

    def forward(self, ids):
        x = self.norm(self.table(ids)).flatten(1)
        return self.head(self.groups(self.batch(torch.relu(self.hidden(x)))))


class Pictures(nn.Module):
    """Convolutions over one, two and three axes; rows come and go with channels last."""

    def __init__(self):
        super().__init__()
        self.plane = nn.Conv2d(4, 6, 3, groups=2)
        self.up = nn.ConvTranspose2d(6, 2, 2, stride=2)
        self.line = nn.Conv1d(2, 3, 5)
        self.cube = nn.Conv3d(3, 2, (2, 2, 1))

    def forward(self, x):
        x = self.up(torch.relu(self.plane(x.permute(0, 3, 1, 2)))).permute(0, 2, 3, 1)
        x = self.line(x.reshape(-1, 36, 2).permute(0, 2, 1)).permute(0, 2, 1)
        x = self.cube(x.reshape(-1, 4, 4, 2, 3).permute(0, 4, 1, 2, 3))
        return x.permute(0, 2, 3, 4, 1).flatten(1)


class Steps(nn.Module):
    """Recurrent layers of each kind, one of them both ways."""

    def __init__(self):
        super().__init__()
        self.both = nn.LSTM(3, 4, batch_first=True, bidirectional=True)
        self.gated = nn.GRU(8, 3, batch_first=True)
        self.plain = nn.RNN(3, 2, batch_first=True, bias=False)

    def forward(self, x):
        return self.plain(self.gated(self.both(x)[0])[0])[0][:, -1]


class Phrases(nn.Module):
    """Attention alone, to another width, and in blocks."""

    def __init__(self):
        super().__init__()
        self.own = nn.MultiheadAttention(8, 2, batch_first=True)
        self.cross = nn.MultiheadAttention(8, 4, kdim=6, vdim=5, bias=False, batch_first=True)
        self.encoder = nn.TransformerEncoderLayer(8, 2, 12, batch_first=True)
        self.decoder = nn.TransformerDecoderLayer(8, 2, 12, batch_first=True)

    def forward(self, x):
        phrase, keys, values = x.split([8, 6, 5], dim=-1)
        h = self.own(phrase, phrase, phrase)[0]
        h = self.encoder(self.cross(h, keys, values)[0])
        causal = nn.Transformer.generate_square_subsequent_mask(x.shape[1])
        return self.decoder(phrase, h, tgt_mask=causal).flatten(1)


class Channels(nn.Module):
    """Convolutions of each channel by itself."""

    def __init__(self):
        super().__init__()
        self.plane = nn.Conv2d(3, 6, (3, 2), groups=3)
        self.line = nn.Conv1d(6, 6, 2, groups=6, bias=False)

    def forward(self, x):
        x = self.plane(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        return self.line(x.reshape(len(x), -1, 6).permute(0, 2, 1)).permute(0, 2, 1).flatten(1)


def blocks():
    return nn.Sequential(
        nn.TransformerEncoderLayer(4, 2, 6, batch_first=True),
        nn.Flatten(),
        nn.Linear(12, 3),
    )


def numbered():
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 4), nn.ReLU(), nn.Sequential(nn.Linear(4, 2)))


def shaken(module):
    """Statistics and scales other than those at the start."""
    torch.manual_seed(3)
    for tensor in module.state_dict().values():
        if tensor.dtype.is_floating_point:
            tensor.copy_(torch.rand_like(tensor) + 0.1)
    return module.eval()


def told(module, x):
    with torch.no_grad():
        return module(torch.as_tensor(x)).tolist()


PICTURES = np.cos(np.arange(200)).reshape(2, 5, 5, 4).astype("float32")
SERIES = np.sin(np.arange(2 * 5 * 3)).reshape(2, 5, 3).astype("float32")
ROWS = np.sin(np.arange(15)).reshape(5, 3).astype("float32")
PHRASES = np.sin(np.arange(2 * 3 * 19)).reshape(2, 3, 19).astype("float32")
CHANNELS = np.cos(np.arange(2 * 4 * 5 * 3)).reshape(2, 4, 5, 3).astype("float32")
STEPS = np.sin(np.arange(2 * 3 * 4)).reshape(2, 3, 4).astype("float32")


def shards():
    keras.utils.set_random_seed(2)
    layers = [keras.layers.Dense(8, name=f"d{i}") for i in range(4)]
    return keras.Sequential([keras.Input((8,)), *layers, keras.layers.BatchNormalization(name="bn")])


# A kernel and its bias do not fit into one file.
MOST = 300 / 1024**3
X8 = np.cos(np.arange(24)).reshape(3, 8).astype("float32")


def write():
    FOLDER.mkdir(parents=True, exist_ok=True)
    words, stack, pictures = shaken(Words()), shaken(numbered()), shaken(Pictures())
    steps = shaken(Steps())
    phrases, channels, stacked = shaken(Phrases()), shaken(Channels()), shaken(blocks())
    save_file(phrases.state_dict(), FOLDER / "phrases.safetensors")
    save_file(channels.state_dict(), FOLDER / "channels.safetensors")
    save_file(stacked.state_dict(), FOLDER / "blocks.safetensors")
    save_file(steps.state_dict(), FOLDER / "steps.safetensors")
    save_file(pictures.state_dict(), FOLDER / "pictures.safetensors")
    save_file(words.state_dict(), FOLDER / "words.safetensors")
    save_file(stack.state_dict(), FOLDER / "numbered.safetensors")
    model = shards()
    model.save_weights(FOLDER / "w.weights.json", max_shard_size=MOST)
    told_of = {
        "words": {"x": IDS.tolist(), "y": told(words, IDS)},
        "pictures": {"x": PICTURES.tolist(), "y": told(pictures, PICTURES)},
        "steps": {"x": SERIES.tolist(), "y": told(steps, SERIES)},
        "phrases": {"x": PHRASES.tolist(), "y": told(phrases, PHRASES)},
        "channels": {"x": CHANNELS.tolist(), "y": told(channels, CHANNELS)},
        "blocks": {"x": STEPS.tolist(), "y": told(stacked, STEPS)},
        "numbered": {"x": ROWS.tolist(), "y": told(stack, ROWS)},
        "shards": {"x": X8.tolist(), "y": model.predict(X8, verbose=0).tolist()},
    }
    (FOLDER / "exchange.json").write_text(json.dumps(told_of) + "\n")


def check(folder):
    """What ferrograd wrote gives the numbers that ferrograd says."""
    said = json.loads((folder / "said.json").read_text())
    modules = (
        ("words", Words(), IDS),
        ("pictures", Pictures(), PICTURES),
        ("channels", Channels(), CHANNELS),
        ("steps", Steps(), SERIES),
        ("phrases", Phrases(), PHRASES),
        ("named", numbered(), ROWS),
        ("blocks", blocks(), STEPS),
    )
    for name, module, x in modules:
        module.load_state_dict(load_file(folder / f"{name}.safetensors"))
        off = np.abs(np.array(told(module.eval(), x)) - np.array(said[name])).max()
        print(f"{name}: {off:.1e}")
        assert off < 1e-5
    for again in ("first", "second"):
        model = shards()
        model.load_weights(folder / again / "w.weights.json")
        off = np.abs(model.predict(X8, verbose=0) - np.array(said["shards"])).max()
        print(f"shards, {again} save: {off:.1e}")
        assert off < 1e-5


if __name__ == "__main__":
    if sys.argv[1:2] == ["check"]:
        check(Path(sys.argv[2]))
    else:
        write()
