// One live viewer a page, moved to the map that is looked at: thresholds, places, the bar. Everything it shows is in the page.
(() => {
  'use strict';
  const id = (name) => document.getElementById(name);
  const panel = id('viewer');
  const status = id('viewer-status');
  const slider = id('viewer-threshold');
  const said = (value, digits) => value.toFixed(digits).replace('-', '−');
  const packed = (name) => Uint8Array.from(atob(id(name).textContent), (letter) => letter.charCodeAt(0));
  const views = [...document.querySelectorAll('[data-statistic]')];
  const opened = new Map();
  const chosen = new Map();
  let viewer = null;
  let images = null;
  let current = null;
  let statistic = null;

  const unpacked = async (name) => {
    const stream = new Blob([packed(name)]).stream().pipeThrough(new DecompressionStream('gzip'));
    return new Response(stream).text();
  };

  const begin = async () => {
    if (!document.createElement('canvas').getContext('webgl2')) throw new Error('this browser has no WebGL 2');
    const script = document.createElement('script');
    script.textContent = await unpacked('niivue');
    document.head.append(script);
    images = window.niivue.NVImage;
    viewer = new window.niivue.Niivue({
      backColor: [0.05, 0.06, 0.07, 1], crosshairColor: [0.45, 0.95, 0.6, 1], crosshairWidth: 0.4, crosshairWidthUnit: 'percent', fontColor: [0.85, 0.87, 0.9, 1],
      dragAndDropEnabled: false, dragMode: 0,
      isColorbar: false, isNearestInterpolation: true, loadingText: '', logLevel: 'error', multiplanarShowRender: 0, sagittalNoseLeft: true, show3Dcrosshair: false,
      onLocationChange: place,
    });
    // As in the pictures: where the images do not say where their voxels lie, no plane says which side is which.
    for (const draw of panel.dataset.letters === 'unknown' ? ['drawTextBelow', 'drawTextRight'] : []) {
      const own = viewer[draw].bind(viewer);
      viewer[draw] = (at, text, ...more) => own(at, /^[LRAPSI]$/.test(text) ? '?' : text, ...more);
    }
    const colours = JSON.parse(id('viewer-colours').textContent);
    for (const name of Object.keys(colours)) viewer.addColormap(name, colours[name]);
    await viewer.attachToCanvas(id('viewer-canvas'));
    viewer.setSliceType(viewer.sliceTypeMultiplanar);
  };

  const image = async (name, options) => {
    const found = await images.loadFromBase64({ base64: id(name).textContent, name: name + '.nii.gz', ...options });
    return Object.assign(found, { colorbarVisible: false, ...options });
  };

  // The map of a view over its anatomy, loaded once.
  const volumes = async (view) => {
    const { under, map, from, most, signed } = view.dataset;
    if (!opened.has(under)) opened.set(under, await image(under, { colormap: 'gray', cal_min: 0, cal_max: 320 }));
    if (!opened.has(map)) {
      const range = { cal_min: +from, cal_max: +most, colormapType: 1 };
      opened.set(map, await image(map, { colormap: 'warm-map', colormapNegative: signed ? 'cold-map' : '', ...range }));
    }
    return [opened.get(under), opened.get(map)];
  };

  const open = async (view) => {
    if (current === view) return;
    status.textContent = 'loading';
    if (!viewer) await begin();
    const [below, above] = await volumes(view);
    if (current) current.classList.remove('is-live');
    view.querySelector('.live').append(panel);
    panel.hidden = false;
    view.classList.add('is-live');
    current = view;
    statistic = above;
    viewer.volumes = [];
    viewer.addVolume(below);
    viewer.addVolume(above);
    // Of a voxel of the map; the viewer counts in those of the anatomy, which may be finer.
    viewer.overlayOutlineWidth = (0.15 * below.hdr.dims[1]) / above.hdr.dims[1];
    const { from, most, mm } = view.dataset;
    slider.min = (Math.floor((from % 0.1) * 1e4) / 1e4).toString();
    slider.max = most;
    slider.value = (chosen.get(view) ?? from).toString();
    id('viewer-name').textContent = view.dataset.statistic;
    viewer.resizeListener();
    threshold(+slider.value);
    if (mm) go(mm.split(' ').map(Number));
    status.textContent = 'ready; volumes=' + viewer.volumes.length;
  };

  const threshold = (value) => {
    statistic.cal_min = value - 1e-3 * statistic.hdr.scl_slope;
    viewer.updateGLVolume();
    // Voxels of the map stand as they are, so that each that passes is opaque; the anatomy is smooth.
    viewer.updateInterpolation(0, true);
    viewer.drawScene();
    const { letter, signed } = current.dataset;
    // Stored in steps: one at the threshold has passed.
    const least = value / statistic.hdr.scl_slope - 1e-3;
    let passed = 0;
    for (const stored of statistic.img) passed += stored !== 0 && Math.abs(stored) >= least ? 1 : 0;
    id('viewer-passed').textContent =
      `${signed ? `|${letter}|` : letter} ≥ ${said(value, 2)}: ${passed} voxel${passed === 1 ? '' : 's'}`;
    chosen.set(current, value);
    bar(value);
  };

  // What colours mean: opaque from the threshold on, fading below it.
  const bar = (value) => {
    const { letter, dof, most, signed, cut } = current.dataset;
    const [left, width, steps, ground] = [30, 340, 85, 150];
    const least = signed ? -most : 0;
    const at = (v) => left + (width * (v - least)) / (most - least);
    const colours = JSON.parse(id('viewer-colours').textContent);
    let drawn = '';
    for (let step = 0; step < steps; step += 1) {
      const v = least + ((most - least) * (step + 0.5)) / steps;
      const { R, G, B } = colours[v < 0 ? 'cold-map' : 'warm-map'];
      const part = Math.round((Math.abs(v) / most) * (R.length - 1));
      const opacity = Math.abs(v) >= value ? 1 : (v / value) ** 2;
      const over = [R, G, B].map((channel) => Math.round(ground + opacity * (channel[part] - ground)));
      drawn += `<rect x="${at(v) - width / steps / 2}" y="18" width="${width / steps + 0.5}" height="13" fill="rgb(${over})"/>`;
    }
    const mark = (v, text, strong) =>
      `<path class="${strong ? 'strong' : 'axis'}" d="M${at(v)} ${strong ? 15 : 31}V${strong ? 34 : 35}"/><text class="tick" x="${at(v)}" y="46" text-anchor="middle">${text}</text>`;
    const ends = signed ? [-most, +most] : [+most];
    const thresholds = value > 0 && value < most ? (signed ? [-value, value] : [value]) : [];
    const far = (v) => thresholds.every((t) => Math.abs(at(t) - at(v)) > 30);
    for (const v of [...ends, 0].filter(far)) {
      drawn += mark(v, (cut && v !== 0 ? (v > 0 ? '≥ ' : '≤ ') : '') + said(v, v === 0 ? 0 : 1), false);
    }
    for (const v of thresholds) drawn += mark(v, said(v, 2), true);
    id('viewer-bar').innerHTML = `<text x="${left}" y="11">${letter} (${dof} dof)</text>${drawn}`;
  };

  const place = (found) => {
    if (!current) return;
    const [x, y, z] = found.mm;
    const value = found.values.length > 1 ? `: ${current.dataset.letter} ${said(found.values[1].value, 2)}` : '';
    id('viewer-place').textContent = `(${said(x, 1)}, ${said(y, 1)}, ${said(z, 1)}) mm${value}`;
  };

  // Millimetres of the image's own affine, an oblique one's too.
  const go = (mm) => {
    viewer.scene.crosshairPos = viewer.mm2frac(mm, 0, true);
    viewer.createOnLocationChange();
    viewer.drawScene();
  };

  const failed = (error) => {
    status.textContent = `no live viewer (${error.message || error}); the pictures stand for it`;
    views.forEach((view) => view.classList.remove('is-live'));
    document.querySelectorAll('.peak-button').forEach((button) => button.replaceWith(button.textContent));
    document.querySelectorAll('.open-viewer').forEach((button) => button.remove());
  };

  const buttons = () => {
    for (const view of views) {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'open-viewer';
      button.textContent = 'Look at it live';
      button.onclick = () => open(view).catch(failed);
      view.querySelector('.live').append(button);
    }
    for (const row of document.querySelectorAll('tr[data-mm]')) {
      const view = id(row.closest('[data-view]').dataset.view);
      const head = row.querySelector('th');
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'peak-button';
      button.textContent = head.textContent;
      button.setAttribute('aria-label', `Show ${head.textContent} in the viewer`);
      const show = async () => {
        await open(view);
        go(row.dataset.mm.split(' ').map(Number));
        document.querySelectorAll('tr[aria-current]').forEach((other) => other.removeAttribute('aria-current'));
        row.setAttribute('aria-current', 'true');
        const box = panel.getBoundingClientRect();
        if (box.bottom < 80 || box.top > innerHeight - 80) panel.scrollIntoView({ block: 'nearest' });
      };
      row.onclick = () => show().catch(failed);
      head.replaceChildren(button);
    }
  };

  // The page's own keys and wheel: the viewer takes the wheel only while it has the focus, and of keys those that move.
  const listen = () => {
    const frame = id('viewer-canvas').parentElement;
    const steps = {
      ArrowLeft: [-1, 0, 0], ArrowRight: [1, 0, 0], ArrowUp: [0, 1, 0], ArrowDown: [0, -1, 0], PageUp: [0, 0, 1], PageDown: [0, 0, -1],
    };
    frame.addEventListener('keydown', (event) => {
      event.stopPropagation();
      const step = steps[event.key];
      if (!step || !statistic) return;
      event.preventDefault();
      const mm = viewer.frac2mm(viewer.scene.crosshairPos, 0, true);
      const size = Math.min(...statistic.hdr.pixDims.slice(1, 4));
      go([0, 1, 2].map((axis) => mm[axis] + size * step[axis]));
    }, true);
    const focused = () => document.activeElement === id('viewer-canvas');
    frame.addEventListener('wheel', (event) => { if (!focused()) event.stopPropagation(); }, { capture: true, passive: true });
    frame.addEventListener('dblclick', (event) => event.stopPropagation(), true);
    slider.oninput = () => threshold(+slider.value);
  };

  const copies = () => {
    for (const part of document.querySelectorAll('[data-copy]')) {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'copy';
      button.textContent = 'Copy';
      button.onclick = async () => {
        await navigator.clipboard.writeText(part.innerText);
        button.textContent = 'Copied';
      };
      part.before(button);
    }
  };

  copies();
  if (views.length > 0) {
    status.hidden = false;
    buttons();
    listen();
    open(views[0]).catch(failed);
  }
})();
