// A thread's sums over its part of some rows of one matrix: $WALKED of its rows, every $EVERY-th from $FIRST on.
// gemv.wgsl includes it once for each type of weights that it has.
    {
//#for r in WALKED
    let weights_$r = (expert_row + row_$(r * EVERY + FIRST)) * groups;
//#end
//#for r in WALKED
//#for c in COLS
    var sum_$r_$c = 0.0;
//#end
//#end
//#if LANES
    for (var g = lane; g < groups; g += $(TEAM)u) {
//#else
    for (var g = 0u; g < groups; g++) {
//#end
//#if GROUPED
//#for r in WALKED
      let w_$r = weight_group(weights_$r + g);
//#end
//#if Q8
//#if LANES
//#for c in COLS
      let lo_$c = input[input_$c + g];
      let hi_$c = input[input_$c + groups + g];
      let fine_lo_$c = input[input_$c + 2u * groups + g];
      let fine_hi_$c = input[input_$c + 3u * groups + g];
      let tail_$c = input[input_$c + 4u * groups + g];
      let d_$c = bitcast<f32>(tail_$c.x);
//#if OFFSET
      let first_$c = f32(bitcast<i32>(tail_$c.y));
      let last_$c = f32(bitcast<i32>(tail_$c.z));
//#end
//#for r in WALKED
//#if HALVES
      sum_$r_$c += d_$c * (
        w_$r.scale.x * f32(dot16x2(w_$r.lo, lo_$c, fine_lo_$c)) + w_$r.scale.y * f32(dot16x2(w_$r.hi, hi_$c, fine_hi_$c)) +
        w_$r.offset.x * first_$c + w_$r.offset.y * last_$c
      );
//#else
//#if OFFSET
      sum_$r_$c += d_$c * (
        w_$r.scale.x * f32(dot16x2(w_$r.lo, lo_$c, fine_lo_$c) + dot16x2(w_$r.hi, hi_$c, fine_hi_$c)) + w_$r.offset.x * (first_$c + last_$c)
      );
//#else
      sum_$r_$c += d_$c * w_$r.scale.x * f32(dot16x2(w_$r.lo, lo_$c, fine_lo_$c) + dot16x2(w_$r.hi, hi_$c, fine_hi_$c));
//#end
//#end
//#end
//#end
//#else
      // Drivers that emulate dot4I8Packed unpack bytes anyway: unpacked here, once for all rows and columns, and the
      // two bytes of an activation put together, a product is one multiplication.
//#for r in WALKED
//#for k in 4
      let a_$r_$k = four_ints(w_$r.lo[$k]);
      let b_$r_$k = four_ints(w_$r.hi[$k]);
//#end
//#end
//#for c in COLS
      let lo_$c = input[input_$c + g];
      let hi_$c = input[input_$c + groups + g];
      let fine_lo_$c = input[input_$c + 2u * groups + g];
      let fine_hi_$c = input[input_$c + 3u * groups + g];
      let tail_$c = input[input_$c + 4u * groups + g];
      let d_$c = bitcast<f32>(tail_$c.x);
//#if OFFSET
      let first_$c = f32(bitcast<i32>(tail_$c.y));
      let last_$c = f32(bitcast<i32>(tail_$c.z));
//#end
//#for k in 4
      let x_$c_$k = 256 * four_ints(lo_$c[$k]) + four_ints(fine_lo_$c[$k]);
      let y_$c_$k = 256 * four_ints(hi_$c[$k]) + four_ints(fine_hi_$c[$k]);
//#end
//#for r in WALKED
      let p_$r_$c = dot(a_$r_0, x_$c_0) + dot(a_$r_1, x_$c_1) + dot(a_$r_2, x_$c_2) + dot(a_$r_3, x_$c_3);
      let q_$r_$c = dot(b_$r_0, y_$c_0) + dot(b_$r_1, y_$c_1) + dot(b_$r_2, y_$c_2) + dot(b_$r_3, y_$c_3);
//#if HALVES
      sum_$r_$c += d_$c * (
        w_$r.scale.x * f32(p_$r_$c) + w_$r.scale.y * f32(q_$r_$c) + w_$r.offset.x * first_$c + w_$r.offset.y * last_$c
      );
//#else
//#if OFFSET
      sum_$r_$c += d_$c * (w_$r.scale.x * f32(p_$r_$c + q_$r_$c) + w_$r.offset.x * (first_$c + last_$c));
//#else
      sum_$r_$c += d_$c * w_$r.scale.x * f32(p_$r_$c + q_$r_$c);
//#end
//#end
//#end
//#end
//#end
//#else
//#for r in WALKED
//#for c in COLS
      var lo_$r_$c = 0.0;
      var hi_$r_$c = 0.0;
//#end
//#end
//#for c in COLS
      var first_$c = 0.0;
      var last_$c = 0.0;
//#end
//#for k in 4
//#for r in WALKED
      let a_$r_$k = four_floats(w_$r.lo[$k]);
      let b_$r_$k = four_floats(w_$r.hi[$k]);
//#end
//#for c in COLS
      let x_$c_$k = input_at(input_$c, g * 8u + $(k)u, quads);
      let y_$c_$k = input_at(input_$c, g * 8u + 4u + $(k)u, quads);
      first_$c += x_$c_$k.x + x_$c_$k.y + x_$c_$k.z + x_$c_$k.w;
      last_$c += y_$c_$k.x + y_$c_$k.y + y_$c_$k.z + y_$c_$k.w;
//#for r in WALKED
      lo_$r_$c += dot(a_$r_$k, x_$c_$k);
      hi_$r_$c += dot(b_$r_$k, y_$c_$k);
//#end
//#end
//#end
//#for r in WALKED
//#for c in COLS
      sum_$r_$c += w_$r.scale.x * lo_$r_$c + w_$r.scale.y * hi_$r_$c + w_$r.offset.x * first_$c + w_$r.offset.y * last_$c;
//#end
//#end
//#end
//#else
//#for r in WALKED
      let w_$r = weight_values(weights_$r + g);
//#end
//#for k in 8
//#for c in COLS
      let x_$c_$k = input_at(input_$c, g * 8u + $(k)u, quads);
//#for r in WALKED
      sum_$r_$c += dot(w_$r.v$k, x_$c_$k);
//#end
//#end
//#end
//#end
    }
//#for r in WALKED
//#for c in COLS
//#if SUMS
    total_$(r * EVERY + FIRST)_$c += share * sum_$r_$c;
//#else
    total_$(r * EVERY + FIRST)_$c += sum_$r_$c;
//#end
//#end
//#end
    }
