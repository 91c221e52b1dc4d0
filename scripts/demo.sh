#!/bin/sh
# Shows zm on the sample data: every command is printed as one would type it, then run. Start it with `make demo`.
set -eu
cd "$(dirname "$0")/.."
out=build/demo
rm -rf "$out"
mkdir -p "$out"

say() {
    printf '\n# %s\n' "$1"
}

run() {
    printf '$ %s\n' "$1"
    eval "$1"
}

say "Mean and deviation of each color channel, over every pixel of twenty photographs of different sizes."
run "zm stats sample_data/photos --unit"

say "The same for 1,797 small gray images in ten class folders."
run "zm stats sample_data/digits"

say "A table: every numeric column; the text column is left alone."
run "zm stats sample_data/iris.csv"

say "Subtract the mean price. The other column passes through untouched; the result goes to standard output."
run "cat sample_data/housing.csv"
run "zm center sample_data/housing.csv --columns price -o -"

say "HDF5: compute the statistics of each pixel once, save them, and standardize the file with them."
run "zm stats sample_data/digits.h5 --dataset images --per pixel -o $out/digits.stats.npz"
run "zm standardize sample_data/digits.h5 --stats $out/digits.stats.npz -o $out/digits.h5"

say "What came out: the images transformed, the labels and attributes kept."
run "zm inspect $out/digits.h5"

say "Training and test data: both are standardized with the numbers of the training data."
run "zm stats sample_data/iris_train.csv -o $out/train.stats.json"
run "zm standardize sample_data/iris_train.csv --stats $out/train.stats.json -o $out/iris_train.csv"
run "zm standardize sample_data/iris_test.csv --stats $out/train.stats.json -o $out/iris_test.csv"
run "head -n 4 $out/iris_test.csv"

say "In a pipe, as the rows arrive; and a second run that finds nothing to do."
run "cat sample_data/iris_test.csv | zm standardize - --stats $out/train.stats.json | head -n 2"
run "zm standardize sample_data/iris.csv -o $out/iris.csv --if-changed"
run "zm standardize sample_data/iris.csv -o $out/iris.csv --if-changed"

say "Is it what was promised? Are the test data like the training data? (Exit code 1 where not.)"
run "zm inspect $out/iris_train.csv --check standardized"
run "zm inspect sample_data/iris_test.csv --against $out/train.stats.json --max-shift 0.5 || echo \"exit code \$?\""

say "And back: --inverse undoes it."
run "zm standardize $out/iris_test.csv --stats $out/train.stats.json --inverse -o $out/iris_test_back.csv"
run "head -n 4 $out/iris_test_back.csv"
run "head -n 4 sample_data/iris_test.csv"

say "A stats file can be looked at too. Everything made here is in $out:"
run "zm inspect $out/train.stats.json"
run "ls $out"
