"""The newest backup of the host is old, or there is none: what happens to this machine, happens to all that it knows."""

from paraat.alerts.rules.base import WARNING, Judgement, Judging, Role, worded
from paraat.domain.own import Backup

_HOUR_S = 3600.0


class BackupOldRule(Judging):
    """Raises when the newest backup is older than raise_hours, or when there is none; clears on a newer one."""

    judges = Backup
    for_role: Role = "coordination"
    wordings = worded(firing=WARNING, none=WARNING)

    def judge(self, view: Backup) -> Judgement:
        """Judge the backups at view.now."""
        if view.newest_t is None:
            return self.raised({}, "none")
        old = view.now - view.newest_t > self.limits().backup_old.raise_hours * _HOUR_S
        return self.raised({"made_at": view.newest_t}) if old else self.cleared({"made_at": view.newest_t})
