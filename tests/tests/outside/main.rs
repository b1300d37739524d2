//! The system from outside. One file per resource; they mirror the paths.

