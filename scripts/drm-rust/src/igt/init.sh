#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The first program of a kernel that runs IGT. The script `run` in the run's folder on the host says what to do. UML
# finds that folder by DRM_RUST_SHARE, from the kernel's command line; in QEMU it is `share`.

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
if [ -n "$DRM_RUST_SHARE" ]; then
	mount -t hostfs -o "hostfs=$DRM_RUST_SHARE" none /drm-rust/share
	end=o
else
	mount -t 9p -o trans=virtio,version=9p2000.L share /drm-rust/share
	# QEMU ends where the machine would start again.
	end=b
fi
cd /tmp
sh /drm-rust/share/run
sync
echo "$end" >/proc/sysrq-trigger
sleep 60
