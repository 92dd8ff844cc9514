"""EfficientNet-lite0 in PyTorch, whose layers have the names of the published file, to compare with."""

import torch
from torch import nn
from torch.nn import functional as F

# (blocks, kernel, stride, expansion, features)
_STAGES = (
    (1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)  # fmt: skip


class _Same(nn.Conv2d):
    """A convolution with TensorFlow's padding "SAME"."""

    def forward(self, x):
        pads = []
        for side, kernel, stride in zip(reversed(x.shape[2:]), self.kernel_size, self.stride, strict=True):
            whole = max((-(-side // stride) - 1) * stride + kernel - side, 0)
            pads += [whole // 2, whole - whole // 2]
        return F.conv2d(F.pad(x, pads), self.weight, None, self.stride, 0, 1, self.groups)


def _norm(features):
    return nn.BatchNorm2d(features, eps=1e-3)


class _Block(nn.Module):
    def __init__(self, width, kernel, stride, expansion, features):
        super().__init__()
        wide = width * expansion
        if expansion > 1:
            self._expand_conv, self._bn0 = nn.Conv2d(width, wide, 1, bias=False), _norm(wide)
        self._depthwise_conv = _Same(wide, wide, kernel, stride, groups=wide, bias=False)
        self._bn1 = _norm(wide)
        self._project_conv, self._bn2 = nn.Conv2d(wide, features, 1, bias=False), _norm(features)

    def forward(self, x):
        y = F.relu6(self._bn0(self._expand_conv(x))) if hasattr(self, "_expand_conv") else x
        y = F.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if x.shape == y.shape else y


class TorchEfficientNetLite0(nn.Module):
    """Images (N, 3, 224, 224), normalized, to features (N, 1280) and logits (N, 1000)."""

    def __init__(self):
        super().__init__()
        self._conv_stem, self._bn0 = _Same(3, 32, 3, 2, bias=False), _norm(32)
        blocks, width = [], 32
        for count, kernel, stride, expansion, features in _STAGES:
            for i in range(count):
                blocks.append(_Block(width, kernel, stride if i == 0 else 1, expansion, features))
                width = features
        self._blocks = nn.ModuleList(blocks)
        self._conv_head, self._bn1 = nn.Conv2d(width, 1280, 1, bias=False), _norm(1280)
        self._fc = nn.Linear(1280, 1000)
        self.eval()

    @torch.no_grad()
    def forward(self, x):
        x = F.relu6(self._bn0(self._conv_stem(x)))
        for block in self._blocks:
            x = block(x)
        features = F.relu6(self._bn1(self._conv_head(x))).mean((2, 3))
        return features, self._fc(features)
