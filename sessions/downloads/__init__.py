"""Model files on disk: where they are looked for, downloaded to, and how they are verified."""
