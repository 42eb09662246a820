// SPDX-License-Identifier: MIT
#include "assignment.hpp"

#include <limits>

namespace weir {

double least_assignment(const std::vector<double>& cells, std::size_t rows, std::size_t columns) {
    constexpr auto far = std::numeric_limits<double>::infinity();
    const std::size_t none = rows;  // no row; column number `columns` is a dummy at which every path starts
    std::vector<double> row_price(rows + 1, 0), column_price(columns + 1, 0), distance(columns);
    std::vector<std::size_t> row_of(columns + 1, none), before(columns);
    std::vector<bool> reached(columns + 1);

    for (std::size_t row = 0; row != rows; ++row) {
        distance.assign(columns, far);
        reached.assign(columns + 1, false);
        std::size_t at = columns;
        row_of[at] = row;
        do {  // extend to the nearest unreached column until a free one is found
            reached[at] = true;
            const auto from = row_of[at];
            std::size_t nearest = columns;
            double step = far;
            for (std::size_t column = 0; column != columns; ++column) {
                if (reached[column]) continue;
                const double reduced = cells[from * columns + column] - row_price[from] - column_price[column];
                if (reduced < distance[column]) {
                    distance[column] = reduced;
                    before[column] = at;
                }
                if (distance[column] < step) {
                    step = distance[column];
                    nearest = column;
                }
            }
            for (std::size_t column = 0; column <= columns; ++column) {
                if (reached[column]) {
                    row_price[row_of[column]] += step;
                    column_price[column] -= step;
                } else if (column != columns) {
                    distance[column] -= step;
                }
            }
            at = nearest;
        } while (row_of[at] != none);
        for (; at != columns; at = before[at]) row_of[at] = row_of[before[at]];
        row_of[columns] = none;
    }

    double sum = 0;
    for (std::size_t column = 0; column != columns; ++column)
        if (row_of[column] != none) sum += cells[row_of[column] * columns + column];
    return sum;
}

}  // namespace weir
