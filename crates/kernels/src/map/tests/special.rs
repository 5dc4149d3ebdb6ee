//! Corners that chance would miss.
