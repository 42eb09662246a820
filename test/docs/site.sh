#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds the documentation into FOLDER and opens every page: site.sh FOLDER [CXX]. Skipped, with 77, where a package is missing.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export CXX=${2-c++}
for module in markdown pygments; do
    /usr/bin/python3 -c "import $module" 2>/dev/null || {
        echo "skipped: there is no python3-$module (Debian: apt-get install python3-markdown python3-pygments, or ./dev docs --check)"
        exit 77
    }
done
/usr/bin/python3 "$root/docs/build.py" "$1"
exec /usr/bin/python3 "$root/test/docs/site_test.py" "$1"
