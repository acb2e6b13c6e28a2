fn weight_values(index: u32) -> WeightValues {
  let g = weight_group(index);
  return WeightValues(
    four_floats(g.lo.x) * g.scale.x + g.offset.x, four_floats(g.lo.y) * g.scale.x + g.offset.x,
    four_floats(g.lo.z) * g.scale.x + g.offset.x, four_floats(g.lo.w) * g.scale.x + g.offset.x,
    four_floats(g.hi.x) * g.scale.y + g.offset.y, four_floats(g.hi.y) * g.scale.y + g.offset.y,
    four_floats(g.hi.z) * g.scale.y + g.offset.y, four_floats(g.hi.w) * g.scale.y + g.offset.y,
  );
}
