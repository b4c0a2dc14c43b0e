# SPDX-License-Identifier: GPL-2.0-only
#
# Runs in the new user space: writes down which tests and subtests there are, and of which version. Tests of
# hardware that no kernel of a run has are left out.

set -e
mkdir -p /drm-rust/share
dpkg-query --show --showformat='${Version}\n' igt-gpu-tools-tests >/drm-rust/version
cd /usr/libexec/igt-gpu-tools
for test in $(sed '/TESTLIST/d' test-list.txt); do
	case $test in
	amdgpu/* | gem_* | gen[0-9]* | i915_* | intel* | msm/* | nouveau* | pan* | testdisplay | v3d/* | vc4/* | xe_*) continue ;;
	esac
	status=0
	subtests=$("./$test" --list-subtests </dev/null 2>/dev/null) || status=$?
	case $status in
	0) echo "$subtests" | sed "s|^|$test@|" ;;
	79) echo "$test" ;; # has no subtests
	esac
done >/drm-rust/tests
