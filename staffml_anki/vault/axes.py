"""The axes a question is placed on, with the values StaffML uses, in their natural order."""

from functools import lru_cache
from typing import Literal, get_args

Track = Literal["cloud", "edge", "mobile", "tinyml", "global"]
Level = Literal["L1", "L2", "L3", "L4", "L5", "L6+"]
Area = Literal[
    "compute", "memory", "latency", "precision", "power", "architecture", "optimization", "parallelism", "networking",
    "deployment", "reliability", "data", "cross-cutting",
]  # fmt: skip
Zone = Literal[
    "recall", "fluency", "analyze", "diagnosis", "implement", "design", "specification", "optimization", "evaluation",
    "realization", "mastery",
]  # fmt: skip
Bloom = Literal["remember", "understand", "apply", "analyze", "evaluate", "create"]
Phase = Literal["training", "inference", "both"]
Status = Literal["published", "draft", "flagged", "archived", "deleted"]

TRACKS = get_args(Track)
LEVELS = get_args(Level)
AREAS = get_args(Area)
ZONES = get_args(Zone)
BLOOM_LEVELS = get_args(Bloom)
PHASES = get_args(Phase)
STATUSES = get_args(Status)
LEVEL_NAMES = {"L1": "Recall", "L2": "Understand", "L3": "Apply", "L4": "Analyze", "L5": "Evaluate", "L6+": "Architect"}
TRACK_NAMES = {"cloud": "Cloud", "edge": "Edge", "mobile": "Mobile", "tinyml": "TinyML", "global": "Global"}

TOPICS_BY_AREA = {
    "compute": "roofline-analysis gpu-compute-architecture accelerator-comparison mcu-compute-constraints "
    "systolic-dataflow compute-cost-estimation",
    "memory": "vram-budgeting kv-cache-management memory-hierarchy-design activation-memory memory-mapped-inference "
    "tensor-arena-planning dma-data-movement memory-pressure-management",
    "latency": "latency-decomposition batching-strategies tail-latency real-time-deadlines "
    "profiling-bottleneck-analysis queueing-theory",
    "precision": "quantization-fundamentals mixed-precision-training extreme-quantization",
    "power": "power-budgeting thermal-management energy-per-operation duty-cycling datacenter-efficiency",
    "architecture": "transformer-systems-cost cnn-efficient-design attention-scaling mixture-of-experts "
    "model-size-estimation neural-architecture-search encoder-decoder-tradeoffs",
    "optimization": "pruning-sparsity knowledge-distillation kernel-fusion graph-compilation operator-scheduling "
    "flash-attention speculative-decoding",
    "parallelism": "data-parallelism model-tensor-parallelism pipeline-parallelism 3d-parallelism "
    "gradient-synchronization scheduling-resource-management",
    "networking": "collective-communication interconnect-topology network-bandwidth-bottlenecks rdma-transport "
    "load-balancing congestion-control",
    "deployment": "model-serving-infrastructure mlops-lifecycle ota-firmware-updates container-orchestration "
    "model-format-conversion ab-rollout-strategies compound-ai-systems",
    "reliability": "fault-tolerance-checkpointing distribution-drift-detection graceful-degradation "
    "safety-certification adversarial-robustness monitoring-observability",
    "data": "data-pipeline-engineering feature-store-management data-quality-validation dataset-curation "
    "streaming-ingestion storage-format-selection data-efficiency-selection",
    "cross-cutting": "federated-learning differential-privacy fairness-evaluation responsible-ai tco-cost-modeling",
}
# Topics that came with release 1.0 and whose area the vault itself states.
_LATER_TOPICS = (
    "autograd-computational-graphs chiplet-architecture communication-computation-overlap disaggregated-serving "
    "model-adaptation-systems recommendation-systems-engineering software-portability sustainability-carbon-accounting"
).split()
AREA_OF_TOPIC = {topic: area for area, topics in TOPICS_BY_AREA.items() for topic in topics.split()}
TOPICS = (*AREA_OF_TOPIC, *_LATER_TOPICS)

_ACRONYMS = {
    "kv": "KV", "vram": "VRAM", "gpu": "GPU", "mcu": "MCU", "dma": "DMA", "cnn": "CNN", "tco": "TCO", "ota": "OTA",
    "mlops": "MLOps", "ab": "A/B", "rdma": "RDMA", "ai": "AI", "3d": "3D",
}  # fmt: skip


@lru_cache
def topic_name(topic: str) -> str:
    """A topic for people: ``kv-cache-management`` → ``KV cache management``."""
    words = [_ACRONYMS.get(word, word) for word in topic.split("-")]
    name = " ".join(words)
    return name[:1].upper() + name[1:]


def level_rank(level: str) -> int:
    """0 for L1 … 5 for L6+."""
    return LEVELS.index(level)
