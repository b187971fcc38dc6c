//! Keeps the rules of ARCHITECTURE.md and CONTRIBUTING.md that a program can check.
