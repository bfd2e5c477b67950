// What the kernels of all instruction sets are told about a product. A C structure, because the modules that hold them
// share nothing else.
#ifndef PANEL_PRODUCT_H
#define PANEL_PRODUCT_H

#include <stdbool.h>
#include <stdint.h>

/// One element of a row of activations that is multiplied apart: see `Activations` in module Tensor.
typedef struct {
    float value;
    int32_t column;
    /// Four bytes: 1 at the column's place among the four columns of a word, else 0.
    int32_t selector;
} activation_outlier;

/// A panel whose weights were decoded to codes, scales and minimums: see `AffineCodes` in module Tensor.
typedef struct {
    /// 512 bytes a 32-column block, of each four columns 16 rows' side by side.
    const uint8_t *codes;
    /// Sixteen a group of `elements_per_group` (32 or 16) columns.
    const float *scales;
    const float *minimums;
    int64_t elements_per_group;
    /// What minimums are the scale's negative multiple of; 0 where the format has minimums of their own.
    int64_t zero_point;
    /// Bits that a code has at most.
    int64_t code_bits;
} decoded_panel;

/// The product of a panel (16 rows of weights, a run of 32-column blocks) with a batch of quantized activations.
typedef struct {
    /// The run's first block in the row, and the number of its blocks.
    int64_t first_block;
    int64_t block_count;
    /// The first tile of activations at the run's first block; tiles are `tile_stride` bytes apart.
    const void *tiles;
    int64_t tile_stride;
    /// Tokens that lie side by side in a tile: 1, 2, 4 or 8.
    int64_t tile_width;
    /// Tokens of the batch; the last tile may hold fewer than `tile_width`.
    int64_t token_count;
    /// `outliers_per_token` a token, token after token.
    const activation_outlier *outliers;
    int64_t outliers_per_token;
    /// The first token's result for the panel's first row; tokens are `output_stride` floats apart.
    float *output;
    int64_t output_stride;
    /// Bit r: row r is wanted.
    uint16_t lanes;
    /// Whether to add to what `output` holds.
    bool accumulates;
    /// Weights that will be needed next, and their bytes: asked for while the product is computed, evenly.
    const void *ahead;
    int64_t ahead_bytes;
} panel_product;

#endif
