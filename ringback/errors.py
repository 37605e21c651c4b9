"""Everything that can go wrong, as one tree; each message names the situation and the way out.

RingbackError
├── WrongUsage           what was asked for does not exist or does not fit: exit status 2
│   ├── BadMapping       a mapping file that cannot be followed, with the key
│   │   └── BadSettingFile  one of our own files that a setting names: whoever asked can do nothing about it
│   ├── BadPlaybook      a file of rules, sequences or the team that cannot be followed: each mistake with its line
│   └── UnknownModel     a version or target that the registry does not hold
├── NotEnoughData        too little to learn from or to measure, with what is missing
├── NoModel              no champion at that moment
├── WorkerEnded          a process that worked for this one was ended from outside
├── StoreError
│   ├── WarehouseBusy    another process writes to the warehouse, named
│   ├── StoreAway        a store of another machine that does not answer, or lets us do nothing
│   ├── NoRoom           a disk is too full for what was asked
│   └── NotMigrated      a store that is older or newer than this code
└── VendorError          an outside system, named, misbehaves
    ├── VendorRefused    it will not answer this request: key, permission or request is wrong (final)
    │   └── OutOfCredit  the account cannot pay: nothing more is bought there until somebody resumes
    ├── VendorUnreadable it answered something that is not what its documentation says
    ├── VendorUnavailable it failed, or asked for patience, more often than we try
    │   └── VendorAway   nothing can be asked of it: it is not reached, or takes nothing from us whatever it is
    └── AddressRefused   a URL from outside that leads where we must not go (final)
"""


class RingbackError(Exception):
    """What a person is told in one sentence, with the way out."""


class WrongUsage(RingbackError):
    """What was asked for does not exist or does not fit."""


class BadMapping(WrongUsage):
    """A mapping file cannot be followed; the message names the key."""


class BadSettingFile(BadMapping):
    """A file that one of our settings names cannot be followed; the message names file and key."""


class BadPlaybook(WrongUsage):
    """A playbook file cannot be followed; the message has a line for each mistake, with file, line, key and way out."""


class UnknownModel(WrongUsage):
    """The registry holds no such version or target."""


class NotEnoughData(RingbackError):
    """There is too little to learn from or to measure; the message says how much is missing."""


class NoModel(RingbackError):
    """There is no champion at the moment that was asked about."""


class WorkerEnded(RingbackError):
    """A process that worked for this one was ended from outside; the message says what is kept and how to go on."""


class StoreError(RingbackError):
    """A store cannot be used as it is."""


class WarehouseBusy(StoreError):
    """Another process writes to the warehouse; the message names it."""


class StoreAway(StoreError):
    """A store of another machine does not answer; the message says where it was looked for."""


class NoRoom(StoreError):
    """A disk is too full for what was asked; the message says which, and what makes room."""


class NotMigrated(StoreError):
    """A store is older or newer than this code."""


class VendorError(RingbackError):
    """An outside system misbehaves; the message names it."""


class VendorRefused(VendorError):
    """The vendor will not answer this request, however often it is asked; with status and words where it gave any."""

    def __init__(self, message: str, status: int | None = None, said: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.said = said


class OutOfCredit(VendorRefused):
    """The account at the vendor cannot pay."""


class VendorUnreadable(VendorError):
    """The vendor answered something that is not what its documentation says."""


class VendorUnavailable(VendorError):
    """The vendor failed, or asked for patience, more often than we try."""

    def __init__(self, message: str, is_in_doubt: bool = False) -> None:
        """`is_in_doubt` says that the vendor may have taken the request although no answer came."""
        super().__init__(message)
        self.is_in_doubt = is_in_doubt


class VendorAway(VendorUnavailable):
    """Nothing can be asked of the vendor: it is not reached, or takes nothing from us; this request was not made."""


class AddressRefused(VendorError):
    """A URL from outside leads where we must not go; the message names what was refused."""
