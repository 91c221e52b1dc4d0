#!/usr/bin/env bash
# One part of the statistics of a dataset for each job of a SLURM array:
#
#   array=$(sbatch --parsable --array=1-16 slurm-shards.sh data/train train.parts)
#   sbatch --dependency=afterok:"$array" --wrap 'zm merge train.parts/*.json -o train.stats.json'
#
# A job that was killed goes on from its checkpoint when it is queued again. Give --mode RGB (or what the images are):
# then no job reads the headers of the others' images.
#SBATCH --job-name=zm-stats
#SBATCH --cpus-per-task=8
#SBATCH --mem=4G
#SBATCH --requeue
set -euo pipefail

source=$1 parts=$2
shift 2
mkdir -p "$parts"
zm stats "$source" "$@" \
    --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" \
    --checkpoint "$parts/.$SLURM_ARRAY_TASK_ID.checkpoint" \
    -o "$parts/$SLURM_ARRAY_TASK_ID.json"
