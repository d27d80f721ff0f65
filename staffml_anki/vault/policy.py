"""What of a vault is published: ``release-policy.yaml``, or ``status: published`` where there is none."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from staffml_anki.errors import VaultError
from staffml_anki.vault.axes import STATUSES


@dataclass(frozen=True, slots=True)
class Policy:
    """Decides on raw records, so that a draft may be unfinished without being reported."""

    statuses: frozenset[str] | None = frozenset({"published"})
    require_validated: bool = False
    exclude_topics: frozenset[str] = frozenset()
    exclude_ids: frozenset[str] = frozenset()

    def publishes(self, raw: Mapping[Any, Any]) -> bool:
        """Whether a record belongs to the release. One without a status counts as published."""
        status = raw.get("status", "published")
        status = status.strip().lower() if isinstance(status, str) else ""
        # What cannot be decided on is let through, for the question's own validation to report: no id, a status that
        # nobody knows, a mark that is neither true nor false.
        if not isinstance(raw.get("id"), str):
            return True
        if self.statuses is not None and status in STATUSES and status not in self.statuses:
            return False
        return (
            not (self.require_validated and raw.get("validated") in (None, False))
            and str(raw.get("topic")) not in self.exclude_topics
            and str(raw.get("id")) not in self.exclude_ids
        )


EVERYTHING = Policy(statuses=None)


def parse_policy(raw: object, file: str) -> Policy:
    """A policy from its parsed YAML. Unknown keys are upstream's business and are ignored.

    Raises:
        VaultError: the file does not have the shape of a policy; guessing would publish the wrong questions.
    """

    def wrong(key: str, want: str) -> VaultError:
        return VaultError(f"{file}: {key} must be {want}")

    def texts(owner: Mapping[Any, Any], key: str) -> frozenset[str]:
        value = owner.get(key) or []
        value = [value] if isinstance(value, str) else value
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise wrong(key, "a list of texts")
        return frozenset(value)

    if not isinstance(raw, Mapping):
        raise wrong("a release policy", "a mapping with the keys include, exclude_topics and exclude_ids")
    include = raw.get("include") or {}
    if not isinstance(include, Mapping):
        raise wrong("include", "a mapping")
    validated = include.get("require_validated", False)
    if not isinstance(validated, bool):
        raise wrong("include.require_validated", "true or false")
    return Policy(
        statuses=frozenset(s.lower() for s in texts(include, "status")) or Policy().statuses,
        require_validated=validated,
        exclude_topics=texts(raw, "exclude_topics"),
        exclude_ids=texts(raw, "exclude_ids"),
    )
