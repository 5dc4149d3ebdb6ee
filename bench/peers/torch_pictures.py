"""Networks for pictures in PyTorch, channels last in memory.

At a stride of two Keras's `same` begins one pixel later than PyTorch's `padding=1`. Networks that have such windows are told
everything in a mirror, pictures and kernels, where both begin at the same pixel: PyTorch needs no extra frame.
"""

import torch
from common import RESIDUAL, SEPARABLE, picture_kernels
from torch import nn
from torch.nn.functional import max_pool2d, relu

MIRRORED = ("resnet", "separable")


def after(x, parts, count):
    """What so many of the parts make of `x`, one after the other."""
    for _ in range(count):
        x = next(parts)(x)
    return x


class Pictures(nn.Module):
    """Logits (batch, classes), or (batch, classes, height, width) of pixels."""

    def __init__(self, workload):
        super().__init__()
        self.kind = workload["pictures"]["kind"]
        self.mirrored = self.kind in MIRRORED
        kernels = iter(picture_kernels(workload))
        self.parts = nn.ModuleList()
        self.dropout = nn.Dropout(workload.get("dropout", 0))
        getattr(self, f"make_{self.kind}")(kernels)
        self.to(memory_format=torch.channels_last)

    def ready(self, x):
        """Pictures (batch, height, width, channels) as the network reads them: the memory stays."""
        x = x.flip(1, 2) if self.mirrored else x
        return x.permute(0, 3, 1, 2)

    def forward(self, x):
        return getattr(self, self.kind)(x, iter(self.parts))

    def add(self, layer, weight, bias=True):
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(weight))
            if bias:
                layer.bias.zero_()
        self.parts.append(layer)

    def conv(self, kernel, stride=1, padding=0, bias=True):
        kernel = kernel[::-1, ::-1] if self.mirrored else kernel
        depthwise = kernel.shape[3] == 1 and kernel.shape[2] > 1
        groups = kernel.shape[2] if depthwise else 1
        filters = kernel.shape[2] if depthwise else kernel.shape[3]
        size = kernel.shape[:2]
        weight = kernel.transpose(2, 3, 0, 1) if depthwise else kernel.transpose(3, 2, 0, 1)
        layer = nn.Conv2d(kernel.shape[2], filters, size, stride, padding, groups=groups, bias=bias)
        self.add(layer, weight.copy(), bias)

    def normalized(self, kernel, stride=1, padding=0):
        self.conv(kernel, stride, padding, bias=False)
        self.parts.append(nn.BatchNorm2d(self.parts[-1].out_channels, eps=1e-3, momentum=0.01))

    def dense(self, kernel):
        self.add(nn.Linear(*kernel.shape), kernel.T.copy())

    def flattened(self, kernel, side):
        """Behind a picture, whose channels PyTorch has first."""
        channels = kernel.shape[0] // side**2
        rows = kernel.reshape(side, side, channels, -1).transpose(2, 0, 1, 3)
        self.dense(rows.reshape(kernel.shape))

    def make_lenet(self, kernels):
        self.conv(next(kernels), padding=2)
        self.conv(next(kernels))
        self.flattened(next(kernels), 5)
        for kernel in kernels:
            self.dense(kernel)

    def lenet(self, x, parts):
        for _ in range(2):
            x = max_pool2d(relu(next(parts)(x)), 2)
        x = x.flatten(1)
        for _ in range(2):
            x = relu(next(parts)(x))
        return next(parts)(x)

    def make_convnet(self, kernels):
        self.conv(next(kernels))
        self.conv(next(kernels))
        self.flattened(next(kernels), 5)

    def convnet(self, x, parts):
        for _ in range(2):
            x = max_pool2d(relu(next(parts)(x)), 2)
        return next(parts)(self.dropout(x.flatten(1)))

    def make_resnet(self, kernels):
        self.normalized(next(kernels), 1, 1)
        came = 16
        for filters, stride in RESIDUAL:
            self.normalized(next(kernels), stride, 1)
            self.normalized(next(kernels), 1, 1)
            if stride > 1 or came != filters:
                self.normalized(next(kernels))
            came = filters
        self.dense(next(kernels))

    def resnet(self, x, parts):
        pair = lambda x: after(x, parts, 2)
        x, came = relu(pair(x)), 16
        for filters, stride in RESIDUAL:
            h = pair(relu(pair(x)))
            # In the mirror the first of two pixels is the second.
            past = pair(x[:, :, 1::2, 1::2] if stride > 1 else x) if stride > 1 or came != filters else x
            x, came = relu(h + past), filters
        return next(parts)(x.mean((2, 3)))

    def make_separable(self, kernels):
        self.normalized(next(kernels), 1, 1)
        for _, stride in SEPARABLE:
            self.normalized(next(kernels), stride, 1)
            self.normalized(next(kernels))
        self.dense(next(kernels))

    def separable(self, x, parts):
        for _ in range(1 + 2 * len(SEPARABLE)):
            x = relu(after(x, parts, 2))
        return next(parts)(x.mean((2, 3)))

    def make_unet(self, kernels):
        for _ in range(6):
            self.conv(next(kernels), padding=1)
        for _ in range(2):
            kernel = next(kernels)
            layer = nn.ConvTranspose2d(kernel.shape[3], kernel.shape[2], 2, 2)
            self.add(layer, kernel.transpose(3, 2, 0, 1).copy())
            for _ in range(2):
                self.conv(next(kernels), padding=1)
        self.conv(next(kernels))

    def unet(self, x, parts):
        once = lambda x: relu(after(x, parts, 1))
        twice = lambda x: once(once(x))
        first = twice(x)
        second = twice(max_pool2d(first, 2))
        x = twice(max_pool2d(second, 2))
        for skip in (second, first):
            x = twice(torch.cat([next(parts)(x), skip], 1))
        return next(parts)(x)
