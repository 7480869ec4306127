"""Pictures of services, as departments uploaded them: operational, named in documents by the hash of their bytes."""

from __future__ import annotations

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from servicehall.models.base import Base, Id, Instant


class Picture(Base):
    """A picture that everybody who is signed in may see; its bytes lie in the file store under their hash."""

    __tablename__ = "pictures"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int] = mapped_column(Integer)
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    kept_by: Mapped[Id | None]
    kept_at: Mapped[Instant]
