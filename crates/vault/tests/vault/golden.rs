use crate::tree::Tree;
fn _unused(_: Tree) {}
