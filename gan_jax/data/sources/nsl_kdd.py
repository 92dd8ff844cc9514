"""NSL-KDD: connections of a network, normal ones and attacks, as rows of numbers.

Source: Tavallaee et al. 2009, "A detailed analysis of the KDD CUP 99 data set".
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gan_jax.common.errors import UsageError
from gan_jax.data.dataset import Anomalies, Dataset, Split

NORMAL = "normal"

_TRAIN, _TEST = ("KDDTrain+.txt", "KDDTrain+_20Percent.txt"), "KDDTest+.txt"

# The columns in order. After them come the name of the attack and a difficulty, which is no feature.
COLUMNS = (
    *("duration", "protocol_type", "service", "flag", "src_bytes", "dst_bytes", "land", "wrong_fragment", "urgent"),
    *("hot", "num_failed_logins", "logged_in", "num_compromised", "root_shell", "su_attempted", "num_root"),
    *("num_file_creations", "num_shells", "num_access_files", "num_outbound_cmds", "is_host_login", "is_guest_login"),
    *("count", "srv_count", "serror_rate", "srv_serror_rate", "rerror_rate", "srv_rerror_rate", "same_srv_rate"),
    *("diff_srv_rate", "srv_diff_host_rate", "dst_host_count", "dst_host_srv_count", "dst_host_same_srv_rate"),
    *("dst_host_diff_srv_rate", "dst_host_same_src_port_rate", "dst_host_srv_diff_host_rate", "dst_host_serror_rate"),
    *("dst_host_srv_serror_rate", "dst_host_rerror_rate", "dst_host_srv_rerror_rate"),
)

# All that occur in the full data set. A feature for each: it is 1 where the connection has it, and 0 elsewhere.
_SERVICES = (
    "IRC X11 Z39_50 aol auth bgp courier csnet_ns ctf daytime discard domain domain_u echo eco_i ecr_i efs exec finger "
    "ftp ftp_data gopher harvest hostnames http http_2784 http_443 http_8001 imap4 iso_tsap klogin kshell ldap link "
    "login mtp name netbios_dgm netbios_ns netbios_ssn netstat nnsp nntp ntp_u other pm_dump pop_2 pop_3 printer "
    "private red_i remote_job rje shell smtp sql_net ssh sunrpc supdup systat telnet tftp_u tim_i time urh_i urp_i "
    "uucp uucp_path vmnet whois"
)
CATEGORIES = {
    "protocol_type": ("icmp", "tcp", "udp"),
    "service": tuple(_SERVICES.split()),
    "flag": ("OTH", "REJ", "RSTO", "RSTOS0", "RSTR", "S0", "S1", "S2", "S3", "SF", "SH"),
}
_NUMBERS = tuple(name for name in COLUMNS if name not in CATEGORIES)

FAMILIES = {
    "denial of service": "apache2 back land mailbomb neptune pod processtable smurf teardrop udpstorm worm",
    "probe": "ipsweep mscan nmap portsweep saint satan",
    "remote to local": (
        "ftp_write guess_passwd httptunnel imap multihop named phf sendmail snmpgetattack snmpguess spy warezclient "
        "warezmaster xlock xsnoop"
    ),
    "user to root": "buffer_overflow loadmodule perl ps rootkit sqlattack xterm",
}


def nsl_kdd(path: str) -> Dataset:
    """The normal connections of the training file, and all those of the test file, float32 (N, 122).

    Numbers are log(1 + x), scaled so that the normal training connections reach from 0 to 1, and categories are
    one-hot. The classes are "normal" and the attacks in the test file. The kinds of anomaly are the four families of
    attacks, and those that occur in the training file ("known") or do not ("unknown").

    Raises UsageError if a file is missing, and as `read_rows` does.
    """
    folder = Path(path).expanduser().absolute()
    train_file = next((folder / name for name in _TRAIN if (folder / name).is_file()), None)
    if train_file is None or not (folder / _TEST).is_file():
        missing = _TEST if train_file else " or ".join(_TRAIN)
        raise UsageError(f"{folder}: there is no file {missing}")
    train, test = read_rows(train_file), read_rows(folder / _TEST)
    for rows, file in ((train, train_file), (test, folder / _TEST)):
        if rows.attacks is None:
            raise UsageError(f"{file}: it has no column with the name of the attack")
    assert train.attacks is not None
    assert test.attacks is not None
    normal = np.array(train.attacks) == NORMAL
    if not normal.any():
        raise UsageError(f"{train_file}: there is no normal connection to learn from")
    scale = _Scale.fit(train.numbers[normal])
    attacks = sorted(set(test.attacks) - {NORMAL})
    classes = (NORMAL, *attacks)
    labels = np.array([classes.index(name) for name in test.attacks], np.int32)
    known = set(train.attacks)
    families = {family: set(names.split()) for family, names in FAMILIES.items()}
    kinds = {**families, "known": known, "unknown": set(attacks) - known}

    def read(file: Path) -> tuple[list[str], np.ndarray]:
        rows = read_rows(file)
        return [str(number) for number in range(1, len(rows.numbers) + 1)], scale.features(rows)

    return Dataset(
        f"nsl_kdd:{path}",
        Split(scale.features(train)[normal], np.zeros(int(normal.sum()), np.int32)),
        Split(scale.features(test), labels),
        classes,
        Anomalies({name: tuple(each for each in attacks if each in names) for name, names in kinds.items()}, read),
    )


@dataclass(frozen=True)
class Rows:
    """Connections. numbers: (N, 38). categories: int (N, 3), places in CATEGORIES. attacks: names, if there are any."""

    numbers: np.ndarray
    categories: np.ndarray
    attacks: list[str] | None


def read_rows(file: Path) -> Rows:
    """The connections of a file of comma-separated values without a heading.

    A line has the 41 columns, and possibly the name of the attack and the difficulty after them.

    Raises UsageError for a file that cannot be read or is empty, and with the line for another number of columns, a
    category that the data set does not have, and a value that is no number, not finite or below 0.
    """
    try:
        with file.open(newline="", encoding="utf-8") as stream:
            lines = [(reader.line_num, row) for reader in [csv.reader(stream)] for row in reader if row]
    except FileNotFoundError:
        raise UsageError(f"{file}: no such file") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{file} cannot be read as comma-separated text: {error}") from None
    if not lines:
        raise UsageError(f"{file}: there are no rows in it")
    columns = len(lines[0][1])
    places = {name: {value: i for i, value in enumerate(values)} for name, values in CATEGORIES.items()}
    numbers = np.empty((len(lines), len(_NUMBERS)))
    categories = np.empty((len(lines), len(places)), int)
    for i, (line, row) in enumerate(lines):
        if len(row) != columns or not len(COLUMNS) <= columns <= len(COLUMNS) + 2:
            raise UsageError(
                f"{file}, line {line}: it has {len(row)} columns, not the {len(COLUMNS)} features, perhaps with the "
                "attack and the difficulty after them"
            )
        values = dict(zip(COLUMNS, row, strict=False))
        for j, (name, known) in enumerate(places.items()):
            if values[name] not in known:
                raise UsageError(f"{file}, line {line}: {name} is {values[name]!r}, which NSL-KDD does not have")
            categories[i, j] = known[values[name]]
        numbers[i] = [_number(file, line, name, values[name]) for name in _NUMBERS]
    attacks = [row[len(COLUMNS)] for _, row in lines] if columns > len(COLUMNS) else None
    return Rows(numbers, categories, attacks)


def _number(file: Path, line: int, name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise UsageError(f"{file}, line {line}: {name} is {text!r}, which is no number") from None
    if not 0 <= value < float("inf"):
        raise UsageError(f"{file}, line {line}: {name} is {text}, and it must be finite and at least 0")
    return value


@dataclass(frozen=True)
class _Scale:
    """The range of log(1 + x) of each number among normal connections, (38,) each."""

    low: np.ndarray
    width: np.ndarray

    @classmethod
    def fit(cls, numbers: np.ndarray) -> "_Scale":
        logs = np.log1p(numbers)
        width = np.ptp(logs, 0)
        return cls(logs.min(0), np.where(width > 0, width, 1))

    def features(self, rows: Rows) -> np.ndarray:
        """Rows as features, float32 (N, D): scaled numbers, then the categories one-hot."""
        scaled = (np.log1p(rows.numbers) - self.low) / self.width
        hot = [np.eye(len(values))[rows.categories[:, i]] for i, values in enumerate(CATEGORIES.values())]
        return np.concatenate([scaled, *hot], 1).astype(np.float32)
