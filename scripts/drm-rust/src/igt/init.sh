#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The first program of a kernel that runs IGT. DRM_RUST_SHARE, from the kernel's command line, is the run's
# folder on the host; its script `run` says what to do.

export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp TERM=linux
mount -t proc proc /proc
mount -t sysfs sysfs /sys
[ -c /dev/null ] || mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /run
mkdir -p /dev/shm && mount -t tmpfs tmpfs /dev/shm
mount -t debugfs debugfs /sys/kernel/debug
# IGT switches the virtual terminal to graphics where there is one, and UML's cannot.
rm -f /dev/tty0 /dev/tty
mount -t hostfs -o "hostfs=$DRM_RUST_SHARE" none /drm-rust/share
cd /tmp
sh /drm-rust/share/run
sync
echo o >/proc/sysrq-trigger
sleep 60
