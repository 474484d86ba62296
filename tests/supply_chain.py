"""What the catalogue is made of, and whether something is known against it: ``make sbom`` and ``make audit``.

An audit that skipped packages is no audit: whatever could not be asked about makes it fail, in words.
"""

import argparse
import json
import re
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SBOM = ROOT / "sbom.cdx.json"
LOCK = ROOT / "requirements.txt"
OSV = "https://api.osv.dev/v1/querybatch"
PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[[^\]]*\])?==(?P<version>[^\s;\\]+)")


class NotAudited(Exception):
    """Something could not be looked at; the message says what."""


@dataclass(frozen=True)
class Locked:
    """One package as it is locked."""

    name: str
    version: str
    hashes: frozenset[str]


def locked(path: Path = LOCK) -> list[Locked]:
    """Return all packages of a requirements file; raise NotAudited for one without exact version or hash."""
    found = []
    for entry in re.split(r"\n(?=\S)", path.read_text(encoding="utf-8")):
        if not entry.strip() or entry.startswith(("#", "-")):
            continue
        match, hashes = PINNED.match(entry), frozenset(re.findall(r"--hash=sha256:([0-9a-f]{64})", entry))
        if match is None or not hashes:
            raise NotAudited(f"{entry.split()[0]} in {path.name} is not locked to one version with hashes.")
        found.append(Locked(match["name"].lower().replace("_", "-"), match["version"], hashes))
    return found


def sbom(out: Path = SBOM, *, validate: bool = True) -> int:
    """Write a CycloneDX 1.6 description of the locked requirements, validated against its schema (which takes longer than all else); return how many components."""
    packages = {(one.name, one.version): one.hashes for one in locked()}
    command = [
        sys.executable, "-m", "cyclonedx_py", "requirements", "--pyproject", "pyproject.toml", "--output-reproducible",
        "--sv", "1.6", "--validate" if validate else "--no-validate", "-o", str(out), str(LOCK),
    ]  # fmt: skip
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    made = json.loads(out.read_text(encoding="utf-8"))
    described = {
        (one["name"].lower().replace("_", "-"), one["version"]): frozenset(
            re.findall(r"\b[0-9a-f]{64}\b", json.dumps(one))
        )
        for one in made["components"]
    }
    if described != packages:
        wrong = sorted(name for name, _version in dict(described.items() ^ packages.items()))
        raise NotAudited(f"The bill of materials and {LOCK.name} differ: {', '.join(wrong)}.")
    return len(described)


def drifted(packages: list[Locked]) -> list[str]:
    """Return which packages are installed in another version than the locked one: what is tested is not what is described."""
    versions = {(one.name, one.version) for one in packages}  # several of one name: for older and newer Pythons
    return sorted(
        {one.name for one in packages if (found := _installed(one.name)) and (one.name, found) not in versions}
    )


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def known(packages: list[Locked], source: str = OSV) -> dict[str, list[str]]:
    """Return the ids of known vulnerabilities by package; raise NotAudited if the source did not speak about every package."""
    queries = [{"package": {"name": one.name, "ecosystem": "PyPI"}, "version": one.version} for one in packages]
    request = urllib.request.Request(
        source, json.dumps({"queries": queries}).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            results: list[dict[str, Any]] = json.load(answer)["results"]
    except (OSError, ValueError, KeyError) as error:
        raise NotAudited(
            f"No source of vulnerabilities could be asked ({source}: {error}). Nothing was audited."
        ) from error
    if len(results) != len(packages) or any("next_page_token" in one for one in results):
        raise NotAudited(f"{source} spoke about {len(results)} of {len(packages)} packages. That is no audit.")
    pairs = zip(packages, results, strict=True)
    return {one.name: [vuln["id"] for vuln in result["vulns"]] for one, result in pairs if result.get("vulns")}


def audit(source: str = OSV) -> int:
    """Print what is known against the locked packages; return 0 for nothing, 1 for something, 2 if it could not be found out."""
    try:
        packages = locked()
        if wrong := drifted(packages):
            raise NotAudited(f"Installed in another version than locked: {', '.join(wrong)}. Run `make setup`.")
        found = known(packages, source)
    except NotAudited as error:
        print(f"audit: {error}")
        return 2
    for name, ids in found.items():
        print(f"audit: {name}: {', '.join(ids)}")
    print(f"audit: {len(packages)} packages asked about, {len(found)} with known vulnerabilities")
    return 1 if found else 0


def main() -> None:
    """Do what the word says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["sbom", "audit"])
    if parser.parse_args().what == "audit":
        sys.exit(audit())
    print(f"{SBOM.name}: {sbom()} components with hashes, valid CycloneDX 1.6")


if __name__ == "__main__":
    main()
