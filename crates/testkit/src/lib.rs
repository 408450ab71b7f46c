#![doc = include_str!("../README.md")]

pub mod claim;
pub mod disk;
pub mod files;
pub mod mariadb;
pub mod net;
pub mod process;
pub mod proxy;
pub mod redis;
