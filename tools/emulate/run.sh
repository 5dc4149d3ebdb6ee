#!/bin/sh
# Runs the kernels' AMX tests in Bochs; see README.md beside this.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mkdir -p "${1:?usage: run.sh FOLDER}" && cd "$1" && pwd)
for file in bochs_3.0+dfsg.orig.tar.xz BIOS-bochs-latest VGABIOS-lgpl-latest vmlinuz busybox isolinux.bin ldlinux.c32; do
  [ -e "$work/$file" ] || { echo "missing: $work/$file (README.md says where from)"; exit 1; }
done

if [ ! -x "$work/bochs/bochs" ]; then
  mkdir -p "$work/bochs" && cd "$work/bochs"
  tar xf "$work/bochs_3.0+dfsg.orig.tar.xz" --strip-components=1
  patch -p1 < "$here/bochs-xfd.patch"
  ./configure --enable-cpu-level=6 --enable-x86-64 --enable-avx --enable-evex --enable-amx --enable-pci --enable-cdrom \
    --enable-repeat-speedups --enable-fast-function-calls --enable-handlers-chaining --enable-long-phy-address \
    --with-nogui --disable-docbook --disable-plugins
  make -j"$(nproc)"
fi

cd "$here/../.."
tests=$(RUSTFLAGS='-C target-feature=+crt-static' cargo test -p ferrograd-kernels --lib --no-run \
  --target x86_64-unknown-linux-gnu 2>&1 | sed -n 's/.*Executable.*(\(.*\))/\1/p')

rm -rf "$work/guest" "$work/iso" "$work/serial.txt"
mkdir -p "$work/guest/bin" "$work/guest/proc" "$work/guest/dev" "$work/iso/isolinux"
cp "$work/busybox" "$work/guest/bin/busybox"
cp "$tests" "$work/guest/kernels" && strip "$work/guest/kernels"
cat > "$work/guest/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox mount -t proc none /proc
/bin/busybox mount -t devtmpfs none /dev
/bin/busybox grep -o -m1 'amx[a-z_0-9]*' /proc/cpuinfo
export FERROGRAD_EXPECT_TILES=1 RUST_BACKTRACE=0
/kernels --test-threads=1 hardware several_passes every_epilogue medium_level every_level_keeps
echo "GUEST DONE: $?"
/bin/busybox sleep 3; /bin/busybox poweroff -f
INIT
chmod +x "$work/guest/init"
(cd "$work/guest" && find . | cpio -o -H newc 2> /dev/null | gzip -1 > "$work/iso/initrd.gz")
cp "$work/vmlinuz" "$work/iso/vmlinuz"
cp "$work/isolinux.bin" "$work/ldlinux.c32" "$work/iso/isolinux/"
cat > "$work/iso/isolinux/isolinux.cfg" <<'CFG'
DEFAULT linux
PROMPT 0
LABEL linux
  KERNEL /vmlinuz
  INITRD /initrd.gz
  APPEND console=ttyS0 nokaslr no5lvl nopti init_on_alloc=0 clearcpuid=erms,fsrm,rep_good hpet=disable clocksource=tsc nowatchdog mitigations=off no_timer_check tsc=reliable panic=-1 rdinit=/init
CFG
xorriso -as mkisofs -quiet -o "$work/boot.iso" -b isolinux/isolinux.bin -c isolinux/boot.cat -no-emul-boot \
  -boot-load-size 4 -boot-info-table "$work/iso"
cat > "$work/bochsrc" <<RC
config_interface: textconfig
display_library: nogui
cpu: model=sapphire_rapids, count=1, ips=50000000, reset_on_triple_fault=0, ignore_bad_msrs=1
memory: guest=1024, host=1024
romimage: file=$work/BIOS-bochs-latest
vgaromimage: file=$work/VGABIOS-lgpl-latest
pci: enabled=1, chipset=i440fx
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path=$work/boot.iso, status=inserted
boot: cdrom
clock: sync=none
log: $work/bochs.log
panic: action=fatal
error: action=report
info: action=ignore
debug: action=ignore
com1: enabled=1, mode=file, dev=$work/serial.txt
RC
(cd "$work" && exec timeout 1800 bochs/bochs -q -f bochsrc) > "$work/bochs.out" 2>&1 < /dev/null &
emulator=$!
until grep -aq 'GUEST DONE\|Kernel panic' "$work/serial.txt" 2> /dev/null || ! kill -0 "$emulator" 2> /dev/null; do sleep 2; done
kill "$emulator" 2> /dev/null || true
sed -n '/^amx/,$p' "$work/serial.txt"
grep -aq 'GUEST DONE: 0' "$work/serial.txt"
