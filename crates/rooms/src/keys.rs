//! Key files and admission.
